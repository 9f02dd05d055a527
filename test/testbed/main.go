// Command kube is kube-apiserver, kube-controller-manager, kube-scheduler, etcd, kubectl and sample-apiserver in one binary. The name it is called by,
// through a link or as the first argument (`kube etcd …`), says which.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	sample "k8s.io/sample-apiserver/pkg/cmd/server"
)

func main() {
	name := filepath.Base(os.Args[0])
	if name == "kube" && len(os.Args) > 1 {
		name, os.Args = os.Args[1], os.Args[1:]
	}
	var command *cobra.Command
	switch name {
	case "etcd":
		etcdmain.Main(os.Args)
		return
	case "kube-apiserver":
		command = apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		command = kcm.NewControllerManagerCommand()
	case "kube-scheduler":
		command = scheduler.NewSchedulerCommand()
	case "kubectl":
		command = kubectl.NewDefaultKubectlCommand()
	case "sample-apiserver":
		ctx := genericapiserver.SetupSignalContext()
		command = sample.NewCommandStartWardleServer(ctx, sample.NewWardleServerOptions(os.Stdout, os.Stderr), false)
	default:
		fmt.Fprintln(os.Stderr, "kube: call it as one of etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl, sample-apiserver, not as", name)
		os.Exit(2)
	}
	os.Exit(cli.Run(command))
}
