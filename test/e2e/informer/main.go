// Command informer follows the Deployments of a namespace the way controllers do: a client-go shared informer. It prints one JSON object
// per line: each request it makes, each change its handlers see, and the moment it has synced. It ends when standard input does.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

type line struct {
	// REQUEST, ADDED, MODIFIED, DELETED or SYNCED.
	Event string `json:"event"`
	// Of a request: its query, and how the answer is encoded.
	Query       map[string][]string `json:"query,omitempty"`
	Status      int                 `json:"status,omitempty"`
	ContentType string              `json:"contentType,omitempty"`
	// Of a change: the object.
	Name            string `json:"name,omitempty"`
	ResourceVersion string `json:"resourceVersion,omitempty"`
	Replicas        int32  `json:"replicas,omitempty"`
	ReadyReplicas   int32  `json:"readyReplicas,omitempty"`
	// Of SYNCED: the names that the informer's store holds.
	Keys []string `json:"keys,omitempty"`
}

var printing sync.Mutex

func print(out line) {
	printing.Lock()
	defer printing.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		fail(err)
	}
}

type recorder struct{ next http.RoundTripper }

func (r recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.next.RoundTrip(request)
	if err == nil {
		print(line{Event: "REQUEST", Query: request.URL.Query(), Status: response.StatusCode, ContentType: response.Header.Get("Content-Type")})
	}
	return response, err
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func changed(event string, object any) {
	if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = unknown.Obj
	}
	deployment := object.(*appsv1.Deployment)
	print(line{Event: event, Name: deployment.Name, ResourceVersion: deployment.ResourceVersion, Replicas: *deployment.Spec.Replicas, ReadyReplicas: deployment.Status.ReadyReplicas})
}

func main() {
	kubeconfig, context, namespace := flag.String("kubeconfig", "", "file"), flag.String("context", "", "name"), flag.String("namespace", "default", "name")
	flag.Parse()
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: *kubeconfig}, &clientcmd.ConfigOverrides{CurrentContext: *context}).ClientConfig()
	if err != nil {
		fail(err)
	}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return recorder{next} })
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		fail(err)
	}
	stop := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(stop)
	}()
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(*namespace))
	informer := factory.Apps().V1().Deployments().Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { changed("ADDED", object) },
		UpdateFunc: func(_, object any) { changed("MODIFIED", object) },
		DeleteFunc: func(object any) { changed("DELETED", object) },
	}); err != nil {
		fail(err)
	}
	factory.Start(stop)
	if cache.WaitForCacheSync(stop, informer.HasSynced) {
		print(line{Event: "SYNCED", Keys: informer.GetStore().ListKeys()})
	}
	<-stop
}
