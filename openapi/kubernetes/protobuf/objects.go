package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand"
	"reflect"
	"strings"
	"time"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/intstr"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// encoded is an object as Kubernetes' encoder writes it, and the JSON or the error that Go makes of it.
type encoded struct {
	Kind     string          `json:"kind"`
	Protobuf []byte          `json:"protobuf"`
	JSON     json.RawMessage `json:"json,omitempty"`
	Error    string          `json:"error,omitempty"`
}

// makeObjects: of every kind one object with all fields of the types that were not met before, one at random, and the zero value.
// Behind them the same bytes, damaged.
func makeObjects(kinds []schema.GroupVersionKind) (objects, damaged []byte) {
	serializer := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	filler := filler{random: rand.New(rand.NewSource(1)), met: map[reflect.Type]bool{}}
	var whole, broken [][]byte
	for _, kind := range kinds {
		for variant := range 3 {
			object, err := scheme.Scheme.New(kind)
			utilruntime.Must(err)
			if variant < 2 {
				filler.fill(reflect.ValueOf(object).Elem(), 0)
			}
			object.GetObjectKind().SetGroupVersionKind(kind)
			var body bytes.Buffer
			utilruntime.Must(serializer.Encode(object, &body))
			whole = append(whole, line(decode(serializer, kind, body.Bytes())))
			for body.Len() < maxDamaged && variant < 2 && len(broken) < len(whole) {
				broken = append(broken, line(decode(serializer, kind, damage(filler.random, body.Bytes()))))
			}
		}
	}
	return list(whole), list(broken)
}

const maxDamaged = 400

func decode(serializer *protobuf.Serializer, kind schema.GroupVersionKind, body []byte) encoded {
	made := encoded{Kind: nameOf(kind), Protobuf: body}
	decoded, actual, err := serializer.Decode(body, nil, nil)
	if err != nil {
		made.Error = err.Error()
		return made
	}
	decoded.GetObjectKind().SetGroupVersionKind(*actual)
	text, err := json.Marshal(decoded)
	if err != nil {
		made.Error = err.Error()
		return made
	}
	// JSON within JSON passes as it is.
	made.JSON = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	return made
}

// damage cuts the end off, or changes a byte, behind the names of version and kind.
func damage(random *rand.Rand, body []byte) []byte {
	from := bytes.IndexByte(body[8:], 0x12) + 8 + int(body[5])
	at := min(from+random.Intn(len(body)), len(body)-1)
	if random.Intn(3) == 0 {
		return body[:at]
	}
	copied := bytes.Clone(body)
	copied[at] = byte(random.Intn(256))
	return copied
}

func line(made encoded) []byte {
	text, err := json.Marshal(made)
	utilruntime.Must(err)
	return text
}

func list(lines [][]byte) []byte {
	return fmt.Appendf(nil, "[\n%s\n]\n", bytes.Join(lines, []byte(",\n")))
}

type filler struct {
	random *rand.Rand
	met    map[reflect.Type]bool
}

const maxDepth = 14

var texts = []string{"a", "b", "web", "ü", "<&>", "\u2028", ""}
var jsonTexts = []string{`{"a":[1,null,"x"],"large":1234567890123456789}`, `"text"`, `[]`, `3`}
var quantities = []string{"0", "500m", "1Gi", "1e3", "-2", "9223372036854775807"}
var integers = []int64{0, 1, -1, 80, -2147483648, 2147483647}
var largeIntegers = []int64{0, -1, 9007199254740993, -9223372036854775808, 9223372036854775807, 42}

func pick[T any](f filler, from []T) T { return from[f.random.Intn(len(from))] }

// fill sets the fields of types that are met for the first time, and a fourth of those of others.
func (f filler) fill(value reflect.Value, depth int) {
	if f.fillSpecial(value, depth) {
		return
	}
	switch value.Kind() {
	case reflect.Struct:
		isNew := !f.met[value.Type()]
		f.met[value.Type()] = true
		for i := range value.NumField() {
			if name := value.Type().Field(i); name.Name != "TypeMeta" && name.IsExported() && depth < maxDepth && (isNew || f.random.Intn(4) == 0) {
				f.fill(value.Field(i), depth+1)
			}
		}
	case reflect.Pointer:
		value.Set(reflect.New(value.Type().Elem()))
		f.fill(value.Elem(), depth)
	case reflect.Slice:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			value.SetBytes([]byte(pick(f, texts)))
			return
		}
		value.Set(reflect.MakeSlice(value.Type(), f.length(), 2))
		for i := range value.Len() {
			f.fill(value.Index(i), depth+1)
		}
	case reflect.Map:
		value.Set(reflect.MakeMap(value.Type()))
		for i := range f.length() {
			item := reflect.New(value.Type().Elem()).Elem()
			f.fill(item, depth+1)
			value.SetMapIndex(reflect.ValueOf(strings.Repeat("k", i+1)).Convert(value.Type().Key()), item)
		}
	case reflect.String:
		value.SetString(pick(f, texts))
	case reflect.Bool:
		value.SetBool(f.random.Intn(2) == 0)
	case reflect.Int32:
		value.SetInt(pick(f, integers))
	case reflect.Int64:
		value.SetInt(pick(f, largeIntegers))
	case reflect.Float64:
		value.SetFloat(pick(f, []float64{0, -1.5, 1e21, 3}))
	default:
		panic(value.Type())
	}
}

func (f filler) length() int { return 1 + f.random.Intn(2) }

// fillSpecial: those with a JSON form of their own, which not every value has.
func (f filler) fillSpecial(value reflect.Value, depth int) bool {
	var chosen any
	switch value.Interface().(type) {
	case metav1.Time:
		chosen = metav1.Unix(pick(f, []int64{0, 1700000000, -1}), 0)
	case metav1.MicroTime:
		chosen = metav1.NewMicroTime(time.Unix(1700000000, pick(f, []int64{0, 1000, 123456000})))
	case resource.Quantity:
		chosen = resource.MustParse(pick(f, quantities))
	case intstr.IntOrString:
		chosen = pick(f, []intstr.IntOrString{intstr.FromInt32(0), intstr.FromInt32(-3), intstr.FromString("25%"), intstr.FromString("")})
	case runtime.RawExtension:
		chosen = runtime.RawExtension{Raw: []byte(pick(f, jsonTexts))}
	case metav1.FieldsV1:
		chosen = metav1.FieldsV1{Raw: []byte(`{"f:spec":{}}`)}
	case apiextensions.JSON:
		chosen = apiextensions.JSON{Raw: []byte(pick(f, jsonTexts))}
	case apiextensions.JSONSchemaPropsOrBool:
		chosen = pick(f, []apiextensions.JSONSchemaPropsOrBool{{}, {Allows: true}, {Allows: true, Schema: f.schema(depth)}})
	case apiextensions.JSONSchemaPropsOrArray:
		chosen = pick(f, []apiextensions.JSONSchemaPropsOrArray{{Schema: f.schema(depth)}, {JSONSchemas: []apiextensions.JSONSchemaProps{*f.schema(depth), {}}}})
	case apiextensions.JSONSchemaPropsOrStringArray:
		chosen = pick(f, []apiextensions.JSONSchemaPropsOrStringArray{{Schema: f.schema(depth)}, {Property: []string{"a", ""}}})
	default:
		return false
	}
	value.Set(reflect.ValueOf(chosen))
	return true
}

func (f filler) schema(depth int) *apiextensions.JSONSchemaProps {
	made := &apiextensions.JSONSchemaProps{Type: "string"}
	if depth+6 < maxDepth {
		f.fill(reflect.ValueOf(made).Elem(), depth+6)
	}
	return made
}
