//go:build tools

// Package conformance names what is built with the versions of this module: Kubernetes' own end-to-end tests.
package conformance

import _ "k8s.io/kubernetes/test/e2e"
