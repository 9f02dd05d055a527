// Command churn keeps what controllers keep: for every target CONTEXT:GROUP/VERSION/RESOURCE (the core group is empty) a dynamic and a
// metadata informer. It prints a SYNCED for each, a BACKWARDS whenever a version goes back, and for every line of standard input
// all stores, one JSON object a line. It ends when standard input does.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

type line struct {
	// SYNCED, BACKWARDS or STORE.
	Event string `json:"event"`
	// dynamic or metadata.
	Client string `json:"client"`
	Target string `json:"target"`
	// Of BACKWARDS: the object's key and both versions.
	Message string `json:"message,omitempty"`
	// Of STORE: all that the informer holds, and how many requests both of the target's informers took by now; of these, how many asked for
	// a whole state, as a list or as a stream that begins with it.
	Objects  []any `json:"objects,omitempty"`
	Requests int64 `json:"requests,omitempty"`
	States   int64 `json:"states,omitempty"`
}

var printing sync.Mutex

func print(out line) {
	printing.Lock()
	defer printing.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

type counts struct{ requests, states atomic.Int64 }

type counter struct {
	next http.RoundTripper
	*counts
}

func (c counter) RoundTrip(request *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	response, err := c.next.RoundTrip(request)
	// What was refused, or met nobody, gave no state.
	if query := request.URL.Query(); err == nil && response.StatusCode == http.StatusOK && (query.Get("watch") == "" || query.Get("sendInitialEvents") == "true") {
		c.states.Add(1)
	}
	return response, err
}

func version(object any) *big.Int {
	accessor, err := meta.Accessor(object)
	if err != nil {
		fail(err)
	}
	number, ok := new(big.Int).SetString(accessor.GetResourceVersion(), 10)
	if !ok {
		fail(fmt.Errorf("%q is no version", accessor.GetResourceVersion()))
	}
	return number
}

type followed struct {
	client, target string
	informer       cache.SharedIndexInformer
	*counts
}

func (f followed) start(stop <-chan struct{}) {
	if _, err := f.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{UpdateFunc: func(old, fresh any) {
		if before, after := version(old), version(fresh); after.Cmp(before) < 0 {
			key, _ := cache.MetaNamespaceKeyFunc(fresh)
			print(line{Event: "BACKWARDS", Client: f.client, Target: f.target, Message: fmt.Sprintf("%s: %s after %s", key, after, before)})
		}
	}}); err != nil {
		fail(err)
	}
	go f.informer.Run(stop)
	go func() {
		if cache.WaitForCacheSync(stop, f.informer.HasSynced) {
			print(line{Event: "SYNCED", Client: f.client, Target: f.target})
		}
	}()
}

func follow(kubeconfig, namespace, target string) []followed {
	context, path, _ := strings.Cut(target, ":")
	parts := strings.Split(path, "/")
	if len(parts) != 3 {
		fail(fmt.Errorf("%s is not CONTEXT:GROUP/VERSION/RESOURCE", target))
	}
	resource := schema.GroupVersionResource{Group: parts[0], Version: parts[1], Resource: parts[2]}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: kubeconfig}, &clientcmd.ConfigOverrides{CurrentContext: context}).ClientConfig()
	if err != nil {
		fail(err)
	}
	asked := new(counts)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return counter{next, asked} })
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		fail(err)
	}
	metadatas, err := metadata.NewForConfig(config)
	if err != nil {
		fail(err)
	}
	return []followed{
		{"dynamic", target, dynamicinformer.NewFilteredDynamicInformer(objects, resource, namespace, 0, cache.Indexers{}, nil).Informer(), asked},
		{"metadata", target, metadatainformer.NewFilteredMetadataInformer(metadatas, resource, namespace, 0, cache.Indexers{}, nil).Informer(), asked},
	}
}

func main() {
	kubeconfig, namespace := flag.String("kubeconfig", "", "file"), flag.String("namespace", "", "name; all unless given")
	flag.Parse()
	stop := make(chan struct{})
	var all []followed
	for _, target := range flag.Args() {
		for _, each := range follow(*kubeconfig, *namespace, target) {
			each.start(stop)
			all = append(all, each)
		}
	}
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		for _, each := range all {
			print(line{Event: "STORE", Client: each.client, Target: each.target, Objects: each.informer.GetStore().List(), Requests: each.requests.Load(), States: each.states.Load()})
		}
	}
	close(stop)
}
