package ingest

import "math/bits"

// Eight bytes of text in one word, the first in the lowest byte.

// ones has the value 1 in each byte; times a byte it is that byte eight times.
const ones = 0x0101010101010101

// digits8 tells whether all eight bytes are ASCII digits.
func digits8(w uint64) bool {
	v := w ^ ones*'0'
	return (v|(v+ones*(0x7f-9)))&(ones*0x80) == 0
}

// parse8 is the number that eight digits write. REQUIRES: digits8(w).
func parse8(w uint64) uint64 {
	w = w & (ones * 0x0f) * (10<<8 | 1) >> 8
	w = w & 0x00ff00ff00ff00ff * (100<<16 | 1) >> 16
	return w & 0x0000ffff0000ffff * (10000<<32 | 1) >> 32
}

// textMarks has the top bit of every byte that ends or breaks a plain run of text:
// quote, backslash, control character. Bytes above the lowest mark may be marked
// wrongly (borrows run upward), the lowest one never is.
func textMarks(w uint64) uint64 {
	quote, slash := w^ones*'"', w^ones*'\\'
	return ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w) & (ones * 0x80)
}

// lowestByte is the number of the byte whose top bit is the lowest one set in marks.
func lowestByte(marks uint64) int { return bits.TrailingZeros64(marks) >> 3 }
