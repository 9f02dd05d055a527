// Writes what is known of Kubernetes' protobuf, from its Go types: `go run .` in this folder.
// The table of messages goes beside it, to ../protobuf.json; encoded objects, whole and damaged, to hold a decoder against, to test/cases/protobuf.
package main

import (
	"os"

	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

func main() {
	kinds := sentKinds("../resources.json")
	utilruntime.Must(os.WriteFile("../protobuf.json", makeTable(kinds), 0o644))
	objects, damaged := makeObjects(kinds)
	utilruntime.Must(os.WriteFile("../../../test/cases/protobuf/objects.json", objects, 0o644))
	utilruntime.Must(os.WriteFile("../../../test/cases/protobuf/damaged.json", damaged, 0o644))
}
