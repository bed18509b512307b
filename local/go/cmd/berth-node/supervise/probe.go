package supervise

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// attemptTimeout bounds one look at a component.
const attemptTimeout = 3 * time.Second

// interval is the pause between two looks: short, because a cluster's start waits for several
// in a row; longer for a command, which costs a process each time.
func (p Probe) interval() time.Duration {
	if len(p.Exec) > 0 {
		return 200 * time.Millisecond
	}
	return 50 * time.Millisecond
}

// check looks once whether the component serves.
func (p Probe) check(ctx context.Context, commands *processes, env []string) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	switch {
	case p.HTTP != "":
		return p.checkHTTP(ctx)
	case p.TCP != "":
		return checkTCP(ctx, p.TCP)
	case p.File != "":
		_, err := os.Stat(p.File)
		return err
	default:
		return commands.run(ctx, p.Exec, env)
	}
}

func checkTCP(ctx context.Context, address string) error {
	kind := "tcp"
	if path, isSocket := strings.CutPrefix(address, "unix:"); isSocket {
		kind, address = "unix", path
	}
	connection, err := (&net.Dialer{}).DialContext(ctx, kind, address)
	if err != nil {
		return err
	}
	return connection.Close()
}

func (p Probe) checkHTTP(ctx context.Context) error {
	tlsConfig, err := p.tlsConfig()
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.HTTP, nil)
	if err != nil {
		return err
	}
	// No proxy: the components are on this machine. No kept connection: the next look is at a new process perhaps.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: tlsConfig, DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		body, _ := io.ReadAll(io.LimitReader(response.Body, 300))
		return fmt.Errorf("%s answered %s: %s", p.HTTP, response.Status, strings.TrimSpace(string(body)))
	}
	return nil
}

func (p Probe) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.CAFile != "" {
		pem, err := os.ReadFile(p.CAFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New(p.CAFile + " holds no certificate")
		}
	}
	if p.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(p.CertFile, p.KeyFile)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
