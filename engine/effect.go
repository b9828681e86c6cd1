package engine

import (
	"encoding/binary"
	"fmt"
)

// Effects are what the tube half tells the people half, one row a test: the whole
// truth about that test now, so that telling it twice changes nothing. They are
// values only; the halves could be two machines with a log between them.
type Effects struct {
	Person  []PersonOrdinal
	Test    []TestIndex
	Swabbed []Seconds // S; 0 when no scan is known (an unscan came first)
	Facts   []TestFacts
}

// TestFacts pack what a test says of its person:
//
//	0..31   reported_at of the tube's outcome, 0 while there is none
//	32..34  TestOutcome
//	35      releasing: negative of a single tube with exactly one member
//	36      unbound: the person is not in the tube (any more)
//	37      preliminary
//	38      retained: the tube's individual specimens are kept, nobody is recalled
//	39      first: the people half has not heard of this test before
//	40      renewed: the outcome stands, but its report or the tube's mode is another
type TestFacts uint64

// TestOutcome is a member's outcome, by what it does to the person.
type TestOutcome uint8

const (
	OutcomeNone TestOutcome = iota
	OutcomeNegative
	OutcomeMust
	OutcomeHold
	OutcomeSuspect
	OutcomeConfirmed
)

const (
	factReleasing TestFacts = 1 << (35 + iota)
	factUnbound
	factPreliminary
	factRetained
	factFirst
	factRenewed
)

func (f TestFacts) reported() Seconds    { return Seconds(f) }
func (f TestFacts) outcome() TestOutcome { return TestOutcome(f >> 32 & 7) }
func (f TestFacts) has(b TestFacts) bool { return f&b != 0 }

func (o TestOutcome) cause() CauseKind {
	switch o {
	case OutcomeMust:
		return CauseMust
	case OutcomeHold:
		return CauseHold
	case OutcomeSuspect:
		return CauseSuspect
	case OutcomeConfirmed:
		return CauseConfirmed
	}
	return CauseNone
}

func (f *Effects) reset() {
	f.Person, f.Test, f.Swabbed, f.Facts = f.Person[:0], f.Test[:0], f.Swabbed[:0], f.Facts[:0]
}

func (f *Effects) add(p PersonOrdinal, t TestIndex, s Seconds, facts TestFacts) {
	f.Person = append(f.Person, p)
	f.Test = append(f.Test, t)
	f.Swabbed = append(f.Swabbed, s)
	f.Facts = append(f.Facts, facts)
}

// effectBytes is the size of an encoded effect: person 4, test 4, swab 4, facts 8.
const effectBytes = 20

// AppendEffects encodes the columns row by row, little endian.
func AppendEffects(dst []byte, f *Effects) []byte {
	for i := range f.Person {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(f.Person[i]))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(f.Test[i]))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(f.Swabbed[i]))
		dst = binary.LittleEndian.AppendUint64(dst, uint64(f.Facts[i]))
	}
	return dst
}

// DecodeEffects is the inverse of AppendEffects.
func DecodeEffects(src []byte, f *Effects) error {
	if len(src)%effectBytes != 0 {
		return fmt.Errorf("cannot decode effects: got %d bytes; want a multiple of %d", len(src), effectBytes)
	}
	f.reset()
	for ; len(src) > 0; src = src[effectBytes:] {
		f.add(PersonOrdinal(binary.LittleEndian.Uint32(src)), TestIndex(binary.LittleEndian.Uint32(src[4:])),
			Seconds(binary.LittleEndian.Uint32(src[8:])), TestFacts(binary.LittleEndian.Uint64(src[12:])))
	}
	return nil
}
