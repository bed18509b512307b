package main

import (
	"context"
	"os"
	_ "time/tzdata" // time zones of CronJobs

	"github.com/spf13/cobra"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // credential plugins of kubectl
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // metrics of the API clients
	_ "k8s.io/component-base/metrics/prometheus/version"  // kubernetes_build_info
	kubectlcmd "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func runAPIServer() int         { return runCobra(apiserver.NewAPIServerCommand) }
func runControllerManager() int { return runCobra(controllermanager.NewControllerManagerCommand) }
func runProxy() int             { return runCobra(proxy.NewProxyCommand) }

func runScheduler() int {
	return runCobra(func() *cobra.Command { return scheduler.NewSchedulerCommand() })
}

func runKubelet() int {
	return runCobra(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) })
}

func runCobra(build func() *cobra.Command) int {
	dropCoreDNSFlags()
	return cli.Run(build())
}

func runKubectl() int {
	dropCoreDNSFlags()
	// kubectl logs while it builds its commands (plugins, kuberc), before cobra has read -v.
	if _, err := logs.GlogSetter(kubectlcmd.GetLogVerbosity(os.Args)); err != nil {
		kubectlutil.CheckErr(err)
	}
	if err := cli.RunNoErrOutput(kubectlcmd.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
	return 0
}
