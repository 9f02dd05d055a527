package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// messages whose JSON is a form of their own.
var special = map[reflect.Type]string{
	reflect.TypeFor[metav1.Time]():                                "Time",
	reflect.TypeFor[metav1.MicroTime]():                           "MicroTime",
	reflect.TypeFor[resource.Quantity]():                          "Quantity",
	reflect.TypeFor[intstr.IntOrString]():                         "IntOrString",
	reflect.TypeFor[runtime.RawExtension]():                       "Json",
	reflect.TypeFor[metav1.FieldsV1]():                            "Json",
	reflect.TypeFor[apiextensions.JSON]():                         "Json",
	reflect.TypeFor[apiextensions.JSONSchemaPropsOrBool]():        "SchemaOrBool",
	reflect.TypeFor[apiextensions.JSONSchemaPropsOrArray]():       "SchemaOrSchemas",
	reflect.TypeFor[apiextensions.JSONSchemaPropsOrStringArray](): "SchemaOrStrings",
}

// field is [JSON name, type, flags].
type field [3]string

// table is read off the tags of Go's types, of which generated.proto and the encoders are made too: unlike .proto files they tell pointers, omitempty and inlining.
type table struct {
	Kinds    map[string]string           `json:"kinds"`
	Messages map[string]map[string]field `json:"messages"`
}

func makeTable(kinds []schema.GroupVersionKind) []byte {
	made := table{Kinds: map[string]string{}, Messages: map[string]map[string]field{}}
	for _, kind := range kinds {
		object, err := scheme.Scheme.New(kind)
		utilruntime.Must(err)
		made.Kinds[nameOf(kind)] = made.message(reflect.TypeOf(object).Elem())
	}
	return made.lines()
}

// message notes the fields of a struct and of all that it refers to, and returns its name.
func (t table) message(of reflect.Type) string {
	name := reflect.Zero(of).Interface().(interface{ OpenAPIModelName() string }).OpenAPIModelName()
	if t.Messages[name] != nil {
		return name
	}
	fields := map[string]field{}
	t.Messages[name] = fields
	for _, member := range reflect.VisibleFields(of) {
		tag := strings.Split(member.Tag.Get("protobuf"), ",")
		if len(member.Index) > 1 || len(tag) < 3 {
			continue
		}
		typ, flags := t.typeOf(member.Type)
		json := strings.Split(member.Tag.Get("json"), ",")
		if slices.Contains(json, "inline") {
			if member.Type.Kind() != reflect.Struct {
				panic(fmt.Sprintf("%s is inline in %s", member.Type, of))
			}
			flags += "+"
		}
		// A struct is never empty to Go's encoder.
		isStruct := member.Type.Kind() == reflect.Struct
		if slices.Contains(json, "omitempty") && !isStruct || slices.Contains(json, "omitzero") {
			flags += "?"
		}
		fields[tag[1]] = field{json[0], typ, flags}
	}
	return name
}

// typeOf also gives the first of the flags: * pointer, [] repeated, {} map.
func (t table) typeOf(of reflect.Type) (string, string) {
	switch {
	case special[of] != "":
		return special[of], ""
	case of.Kind() == reflect.Pointer:
		typ, flags := t.typeOf(of.Elem())
		return typ, flags + "*"
	case of.Kind() == reflect.Map:
		if of.Key().Kind() != reflect.String {
			panic(fmt.Sprintf("a map of %s", of.Key()))
		}
		typ, flags := t.typeOf(of.Elem())
		return typ, flags + "{}"
	case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Uint8:
		return "bytes", ""
	case of.Kind() == reflect.Slice && isMessage(of):
		if of.Elem().Kind() != reflect.String {
			panic(fmt.Sprintf("a message of %s", of.Elem()))
		}
		return "strings", ""
	case of.Kind() == reflect.Slice:
		typ, flags := t.typeOf(of.Elem())
		return typ, flags + "[]"
	case of.Kind() == reflect.Struct:
		return t.message(of), ""
	case of.Kind() == reflect.Float64:
		return "double", ""
	case slices.Contains([]reflect.Kind{reflect.String, reflect.Bool, reflect.Int32, reflect.Int64}, of.Kind()):
		return of.Kind().String(), ""
	}
	panic(fmt.Sprintf("unexpected %s", of))
}

// isMessage: a list that may be null is wrapped in a message with items. The tags do not always say which it is.
func isMessage(of reflect.Type) bool {
	return reflect.PointerTo(of).Implements(reflect.TypeFor[interface{ Marshal() ([]byte, error) }]())
}

// lines: a message each, in the order of their names.
func (t table) lines() []byte {
	var out bytes.Buffer
	kinds, err := json.Marshal(t.Kinds)
	utilruntime.Must(err)
	fmt.Fprintf(&out, "{\n\"kinds\":%s,\n\"messages\":{\n", kinds)
	for i, name := range slices.Sorted(maps.Keys(t.Messages)) {
		if i > 0 {
			out.WriteString(",\n")
		}
		fields, err := json.Marshal(t.Messages[name])
		utilruntime.Must(err)
		fmt.Fprintf(&out, "%q:%s", name, fields)
	}
	out.WriteString("\n}}\n")
	return out.Bytes()
}
