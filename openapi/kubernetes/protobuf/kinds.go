package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

func init() {
	utilruntime.Must(apiextensions.AddToScheme(scheme.Scheme))
	utilruntime.Must(apiregistration.AddToScheme(scheme.Scheme))
}

var stable = regexp.MustCompile(`^v\d+$`)

// sentKinds are the kinds that may stand in the body of a request: those of resources.json and of their subresources in stable versions, and the options of a deletion.
func sentKinds(resourcesFile string) []schema.GroupVersionKind {
	text, err := os.ReadFile(resourcesFile)
	utilruntime.Must(err)
	type described struct {
		Kind         string
		Subresources map[string]struct{ Kind *schema.GroupVersionKind }
	}
	var resources map[string][]described
	utilruntime.Must(json.Unmarshal(text, &resources))
	found := map[schema.GroupVersionKind]bool{corev1.SchemeGroupVersion.WithKind("DeleteOptions"): true}
	for groupVersion, kinds := range resources {
		gv, err := schema.ParseGroupVersion(groupVersion)
		utilruntime.Must(err)
		for _, kind := range kinds {
			found[gv.WithKind(kind.Kind)] = true
			for _, subresource := range kind.Subresources {
				if subresource.Kind != nil {
					found[*subresource.Kind] = true
				}
			}
		}
	}
	var kinds []schema.GroupVersionKind
	for kind := range found {
		// The options of connections are parameters of a URL, never a body.
		if stable.MatchString(kind.Version) && !isConnection.MatchString(kind.Kind) {
			kinds = append(kinds, kind)
		}
	}
	slices.SortFunc(kinds, func(a, b schema.GroupVersionKind) int {
		if nameOf(a) < nameOf(b) {
			return -1
		}
		return 1
	})
	return kinds
}

var isConnection = regexp.MustCompile(`^(Node|Pod|Service)\w+Options$`)

func nameOf(kind schema.GroupVersionKind) string {
	return fmt.Sprintf("%s %s", kind.GroupVersion(), kind.Kind)
}
