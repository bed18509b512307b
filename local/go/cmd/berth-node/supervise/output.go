package supervise

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync"

	"gopkg.in/natefinch/lumberjack.v2"
)

// A component's log is cut at this size, in MiB, and this many older pieces are kept.
const (
	logMegabytes = 20
	logBackups   = 2
)

func newLog(path string) io.WriteCloser {
	return &lumberjack.Logger{Filename: path, MaxSize: logMegabytes, MaxBackups: logBackups}
}

// pipeTo returns a file for a process to write to; what it writes goes to w. The channel
// closes when the last process that holds the file has closed it.
func pipeTo(w io.Writer) (*os.File, <-chan struct{}, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		defer reader.Close()
		if _, err := io.Copy(w, reader); err != nil {
			// A full disk must not block the component on a full pipe.
			_, _ = io.Copy(io.Discard, reader)
		}
	}()
	return writer, drained, nil
}

// tail keeps the last bytes that were written to it.
type tail struct {
	mu    sync.Mutex
	limit int
	kept  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if extra := len(t.kept) - t.limit; extra > 0 {
		t.kept = append([]byte(nil), t.kept[extra:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(bytes.ToValidUTF8(t.kept, []byte("?"))))
}
