// Command elect takes part in leader elections the way controllers do, by client-go's leaderelection and event recorder. Each identity
// is a candidate of its own for one Lease. It prints one JSON object per line: who leads from now on. A word on standard input ends
// the candidate of that name, as if its process had ended in order; all end when standard input does.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"
)

type line struct {
	// LEADS or STOPPED.
	Event    string `json:"event"`
	Identity string `json:"identity"`
}

var printing sync.Mutex

func print(event, identity string) {
	printing.Lock()
	defer printing.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(line{event, identity}); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func main() {
	kubeconfig, name := flag.String("kubeconfig", "", ""), flag.String("context", "", "")
	namespace, lease, contentType := flag.String("namespace", "", ""), flag.String("lease", "", ""), flag.String("content-type", "application/json", "")
	flag.Parse()
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(&clientcmd.ClientConfigLoadingRules{ExplicitPath: *kubeconfig}, &clientcmd.ConfigOverrides{CurrentContext: *name}).ClientConfig()
	if err != nil {
		fail(err)
	}
	config.ContentType, config.AcceptContentTypes = *contentType, *contentType+",application/json"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		fail(err)
	}
	broadcaster := record.NewBroadcaster()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events(*namespace)})
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "elect"})

	ends, running := map[string]context.CancelFunc{}, sync.WaitGroup{}
	for _, identity := range flag.Args() {
		ctx, end := context.WithCancel(context.Background())
		ends[identity] = end
		running.Go(func() { candidate(ctx, client, recorder, *namespace, *lease, identity) })
	}
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		if end, known := ends[input.Text()]; known {
			end()
		}
	}
	for _, end := range ends {
		end()
	}
	running.Wait()
	broadcaster.Shutdown()
}

func candidate(ctx context.Context, client kubernetes.Interface, recorder record.EventRecorder, namespace, lease, identity string) {
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: namespace, Name: lease},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: identity, EventRecorder: recorder},
		},
		LeaseDuration: 6 * time.Second, RenewDeadline: 4 * time.Second, RetryPeriod: time.Second, ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { print("LEADS", identity) },
			OnStoppedLeading: func() { print("STOPPED", identity) },
		},
	})
}
