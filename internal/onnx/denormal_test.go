package onnx

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

func field(num protowire.Number, body []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), body)
}

func floats(values ...float32) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// aTensor puts the type behind the data, which the format allows.
func aTensor(kind uint64, data []byte) []byte {
	t := field(tensorRaw, data)
	return protowire.AppendVarint(protowire.AppendTag(t, tensorType, protowire.VarintType), kind)
}

func aModel(graph ...[]byte) []byte {
	m := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 8)
	return append(m, field(modelGraph, bytes.Join(graph, nil))...)
}

func TestZeroTinyTouchesFloatsOnly(t *testing.T) {
	before := floats(1, 1e-40, -3e-20, 1e-14, 0)
	after := floats(1, 0, 0, 1e-14, 0)
	shape := binary.LittleEndian.AppendUint64(nil, 64) // as two floats: a denormal and zero
	constant := field(nodeAttribute, field(attributeTensor, aTensor(tensorTypeFloat32, before)))
	inner := field(nodeAttribute, field(attributeGraph, field(graphInitializer, aTensor(tensorTypeFloat32, before))))
	build := func(f []byte) []byte {
		c := bytes.ReplaceAll(constant, before, f)
		i := bytes.ReplaceAll(inner, before, f)
		return aModel(field(graphInitializer, aTensor(tensorTypeFloat32, f)), field(graphInitializer, aTensor(7, shape)), field(graphNode, c), field(graphNode, i))
	}
	model := build(before)
	n, err := zeroTiny(model)
	if err != nil || n != 6 || !bytes.Equal(model, build(after)) {
		t.Errorf("%d zeroed, %v", n, err)
	}
}

func TestZeroTinyPackedAndSingleFloats(t *testing.T) {
	kind := protowire.AppendVarint(protowire.AppendTag(nil, tensorType, protowire.VarintType), tensorTypeFloat32)
	single := protowire.AppendFixed32(protowire.AppendTag(nil, tensorFloats, protowire.Fixed32Type), math.Float32bits(1e-40))
	model := aModel(field(graphInitializer, append(kind, append(field(tensorFloats, floats(1e-40, 2)), single...)...)))
	if n, err := zeroTiny(model); err != nil || n != 2 {
		t.Errorf("%d zeroed, %v", n, err)
	}
}

func TestZeroTinyRefusesGarbage(t *testing.T) {
	for _, b := range [][]byte{{0xff}, {0x3a, 0x05, 1}, aModel([]byte{0x2a, 0x7f})} {
		if _, err := zeroTiny(b); err == nil {
			t.Errorf("%x was accepted", b)
		}
	}
}

func FuzzZeroTiny(f *testing.F) {
	f.Add(aModel(field(graphInitializer, aTensor(tensorTypeFloat32, floats(1, 1e-40)))))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := zeroTiny(b); err == nil {
			if n, err := zeroTiny(b); n != 0 || err != nil {
				t.Fatalf("second pass zeroed %d, %v", n, err)
			}
		}
	})
}
