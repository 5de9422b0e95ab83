package onnx

import (
	"encoding/binary"
	"errors"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// tiny is below any weight that can matter and above every denormal number,
// which processors multiply in microcode at a hundredth of the speed.
const tiny = 1e-15

// Field numbers of onnx.proto.
const (
	modelGraph        = 7
	graphNode         = 1
	graphInitializer  = 5
	nodeAttribute     = 5
	attributeTensor   = 5
	attributeGraph    = 6
	tensorType        = 2
	tensorFloats      = 4
	tensorRaw         = 9
	tensorTypeFloat32 = 1
)

var errWire = errors.New("not a valid ONNX file")

// zeroTiny sets every float weight of a model below tiny to zero, in place, and
// returns how many. It looks at the wire format only. Other tensor types are
// left alone: small integers look like denormals.
func zeroTiny(model []byte) (int, error) {
	n := 0
	err := eachField(model, modelGraph, func(b []byte) error { return zeroGraph(b, &n) })
	return n, err
}

func zeroGraph(graph []byte, n *int) error {
	err := eachField(graph, graphInitializer, func(t []byte) error { return zeroTensor(t, n) })
	if err != nil {
		return err
	}
	return eachField(graph, graphNode, func(node []byte) error {
		return eachField(node, nodeAttribute, func(a []byte) error {
			err := eachField(a, attributeTensor, func(t []byte) error { return zeroTensor(t, n) })
			if err != nil {
				return err
			}
			return eachField(a, attributeGraph, func(g []byte) error { return zeroGraph(g, n) })
		})
	})
}

func zeroTensor(t []byte, n *int) error {
	float := false
	err := walk(t, func(num protowire.Number, typ protowire.Type, value []byte) error {
		if num == tensorType && typ == protowire.VarintType {
			v, _ := protowire.ConsumeVarint(value)
			float = v == tensorTypeFloat32
		}
		return nil
	})
	if err != nil || !float {
		return err
	}
	return walk(t, func(num protowire.Number, typ protowire.Type, value []byte) error {
		switch {
		case typ == protowire.BytesType && (num == tensorRaw || num == tensorFloats):
			b, _ := protowire.ConsumeBytes(value)
			*n += zeroFloats(b)
		case typ == protowire.Fixed32Type && num == tensorFloats:
			*n += zeroFloats(value)
		}
		return nil
	})
}

func zeroFloats(b []byte) (n int) {
	for ; len(b) >= 4; b = b[4:] {
		v := math.Float32frombits(binary.LittleEndian.Uint32(b))
		if v != 0 && v > -tiny && v < tiny {
			binary.LittleEndian.PutUint32(b, 0)
			n++
		}
	}
	return n
}

// eachField calls f with the content of every length-delimited field num.
func eachField(b []byte, num protowire.Number, f func([]byte) error) error {
	return walk(b, func(n protowire.Number, typ protowire.Type, value []byte) error {
		if n != num || typ != protowire.BytesType {
			return nil
		}
		body, _ := protowire.ConsumeBytes(value)
		return f(body)
	})
}

// walk calls f with each field; value is whole and starts behind the tag.
func walk(b []byte, f func(num protowire.Number, typ protowire.Type, value []byte) error) error {
	for len(b) > 0 {
		num, typ, tag := protowire.ConsumeTag(b)
		if tag < 0 {
			return errWire
		}
		size := protowire.ConsumeFieldValue(num, typ, b[tag:])
		if size < 0 {
			return errWire
		}
		if err := f(num, typ, b[tag:tag+size]); err != nil {
			return err
		}
		b = b[tag+size:]
	}
	return nil
}
