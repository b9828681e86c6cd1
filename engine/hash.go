package engine

import (
	"encoding/binary"
	"math/bits"
)

const (
	mixA = 0x9e3779b97f4a7c15
	mixB = 0xe7037ed1a0b428db
)

// mix is a 64-bit finaliser: one wide multiply folded over itself.
func mix(x uint64) uint64 {
	hi, lo := bits.Mul64(x^mixA, mixB)
	return hi ^ lo
}

// hashBytes hashes a short key, eight bytes a step.
func hashBytes(b []byte) uint64 {
	h := uint64(len(b)) * mixA
	for len(b) >= 8 {
		h = mix(h ^ binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	if len(b) > 0 {
		var t [8]byte
		copy(t[:], b)
		h = mix(h ^ binary.LittleEndian.Uint64(t[:]))
	}
	return mix(h)
}
