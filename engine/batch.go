package engine

// Role bits of the principal that sent a batch. Without credentials the server
// listens on loopback only, and whoever reaches it has all of them.
type Role uint8

const (
	RoleStation Role = 1 << iota
	RoleCarrier
	RoleLab
	RoleHealthCode
	RoleCommunity
	RoleCommand
	RoleCDC
	RoleAdmin

	RoleAll Role = 0xff
)

// PersonOrdinal numbers people densely in order of first arrival, from 1; 0 is nobody.
type PersonOrdinal uint32

// TubeIndex numbers tubes in order of first arrival, from 1; 0 is none. Never reused.
type TubeIndex uint32

// TestIndex names one person's place in one tube (a member slot), from 1; 0 is none.
type TestIndex uint32

// RoundID numbers rounds in order of first mention; 0 is none, 1 is `default`.
type RoundID uint16

// RoundDefault always exists.
const RoundDefault RoundID = 1

// Span is a piece of Batch.Bytes. Its zero value is empty.
type Span struct{ Off, Len uint32 }

// PersonRef names a person in a batch. The top four bits are the type:
//
//	0   low 32 bits are a PersonOrdinal that the engine gave (known at decode)
//	1   resident ID: low 60 bits are the first 17 digits as a number
//	2   any other document: bits 8..39 offset and bits 0..7 length of the canonical
//	    form ("passport:USA:560018274") in Batch.Bytes
type PersonRef uint64

const (
	RefOrdinal  = 0
	RefResident = 1
	RefDocument = 2
)

// OrdinalRef refers to a person already numbered.
func OrdinalRef(p PersonOrdinal) PersonRef { return PersonRef(p) }

// ResidentRef refers to a resident ID by its first 17 digits; the check character follows from them.
func ResidentRef(digits17 uint64) PersonRef { return RefResident<<60 | PersonRef(digits17) }

// DocumentRef refers to a canonical document in Batch.Bytes. REQUIRES: length < 256.
func DocumentRef(s Span) PersonRef {
	return RefDocument<<60 | PersonRef(s.Off)<<8 | PersonRef(s.Len)
}

// Type is RefOrdinal, RefResident or RefDocument.
func (r PersonRef) Type() int { return int(r >> 60) }

// Ordinal of a RefOrdinal.
func (r PersonRef) Ordinal() PersonOrdinal { return PersonOrdinal(r) }

// Digits17 of a RefResident.
func (r PersonRef) Digits17() uint64 { return uint64(r) & (1<<60 - 1) }

// Document of a RefDocument.
func (r PersonRef) Document() Span { return Span{uint32(r >> 8), uint32(r & 0xff)} }

// Context is what neighbouring items of a batch share: decoders keep one entry for
// a run of equal ones. Empty spans and Unset values mean that the item does not say.
type Context struct {
	Site, Station, Round, Lab, Area Span
	Mode                            Mode
	Purpose                         Purpose
	Specimen                        Specimen
	Source                          Source
}

// Item bits.
const (
	ItemLate     = 1 << iota // "late":true
	ItemRetained             // tube.open: individual_specimens_retained
)

// NoTube is Batch.Tube of an item that names none.
const NoTube = ^uint32(0)

// Batch is the well-formed items of one request, as columns, in the order of the
// request. It is what the journal holds: what was asked, not what was decided.
//
// Ownership: decoders fill it, then it belongs to the gatherer, then to the writer,
// which fills Outcome, Flags and Detail, then back to the decoder, who answers.
type Batch struct {
	Received Seconds // server's clock when the request was admitted
	Roles    Role
	// Strict: events that name people, sites or labs never put as master data are refused.
	Strict bool
	// Lab is the laboratory that the principal speaks for; empty: any.
	Lab Span

	Kind   []Kind
	Bits   []uint8
	Tube   []uint32    // index into Tubes, or NoTube; transfer: from_tube
	Person []PersonRef // 0 where the event names no person
	At     []Seconds   // result: tested_at; master data: 0
	Ctx    []uint32    // index into Contexts
	// Arg by kind. scan: HashHousehold in the low 32 bits (0: not said), the tube it is
	// retained_of, as index into Tubes + 1, in the high 32 (0: none). transfer: to_tube as
	// index into Tubes in the low 32 bits, HashReason in the high 32. tube.open: capacity,
	// 0 = not said. tube.close: members + 1, 0 = not said. result: reported_at in the low 32
	// bits, Stage in bits 32..35, Verdict in 36..39. tube.void, excuse, discharge:
	// HashReason. recollection.*: the order's number, 0 = by person. person.merge and
	// unmerge: `to` as a PersonRef (Person is `from`).
	Arg []uint64
	// Extra is what is kept and shown but decides nothing (id, reason, run, plate, well,
	// targets …): a JSON object in Bytes, empty for most. Master data: its Fields.
	Extra []Span

	Tubes    []Span   // distinct tube codes of the batch, canonical
	TubeHash []uint64 // HashTube of each, filled by the decoder
	Contexts []Context
	Bytes    []byte
	// Private is what names people (profiles), sealed before it came here. It rides in the
	// journal, and the engine never looks at it.
	Private []byte

	// Filled by Apply.
	Outcome []Outcome
	Flags   []Flags
	Detail  []uint32 // RefusedTubeFull, RefusedCapacityOverPolicy: members<<8 | capacity
	// Who is the person of every row, 0 for none or one that nobody knows; empty unless
	// there is something Private.
	Who []PersonOrdinal
}

// ResultArg packs Arg of a result.
func ResultArg(reported Seconds, s Stage, v Verdict) uint64 {
	return uint64(reported) | uint64(s)<<32 | uint64(v)<<36
}

// ResultOf unpacks Arg of a result.
func ResultOf(arg uint64) (reported Seconds, s Stage, v Verdict) {
	return Seconds(arg), Stage(arg >> 32 & 15), Verdict(arg >> 36 & 15)
}

// Len is the number of items.
func (b *Batch) Len() int { return len(b.Kind) }

// Text is the bytes of a span; they are the batch's.
func (b *Batch) Text(s Span) []byte { return b.Bytes[s.Off : s.Off+s.Len] }

// Add appends one item to every column.
func (b *Batch) Add(k Kind, bits uint8, tube uint32, person PersonRef, at Seconds, ctx uint32, arg uint64, extra Span) {
	b.Kind = append(b.Kind, k)
	b.Bits = append(b.Bits, bits)
	b.Tube = append(b.Tube, tube)
	b.Person = append(b.Person, person)
	b.At = append(b.At, at)
	b.Ctx = append(b.Ctx, ctx)
	b.Arg = append(b.Arg, arg)
	b.Extra = append(b.Extra, extra)
}

// Put copies text into Bytes.
func (b *Batch) Put(text []byte) Span {
	off := uint32(len(b.Bytes))
	b.Bytes = append(b.Bytes, text...)
	return Span{off, uint32(len(text))}
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.Received, b.Roles, b.Strict, b.Lab = 0, 0, false, Span{}
	b.Kind, b.Bits, b.Tube, b.Person, b.At = b.Kind[:0], b.Bits[:0], b.Tube[:0], b.Person[:0], b.At[:0]
	b.Ctx, b.Arg, b.Extra = b.Ctx[:0], b.Arg[:0], b.Extra[:0]
	b.Tubes, b.TubeHash, b.Contexts, b.Bytes = b.Tubes[:0], b.TubeHash[:0], b.Contexts[:0], b.Bytes[:0]
	b.Private = b.Private[:0]
	b.Outcome, b.Flags, b.Detail, b.Who = b.Outcome[:0], b.Flags[:0], b.Detail[:0], b.Who[:0]
}

// PrepareAnswers sizes Outcome, Flags and Detail to the items and zeroes them.
func (b *Batch) PrepareAnswers() {
	n := b.Len()
	b.Outcome = append(b.Outcome[:0], make([]Outcome, n)...)
	b.Flags = append(b.Flags[:0], make([]Flags, n)...)
	b.Detail = append(b.Detail[:0], make([]uint32, n)...)
	b.Who = b.Who[:0]
	if len(b.Private) > 0 {
		b.Who = append(b.Who, make([]PersonOrdinal, n)...)
	}
}

// HashReason is the hash of a reason, by which an event that was sent again is known.
func HashReason(reason []byte) uint64 { return hashBytes(reason) & (1<<32 - 1) }

// HashHousehold is the hash of a household's name; never 0.
func HashHousehold(name []byte) uint64 { return max(hashBytes(name)&(1<<32-1), 1) }

// HashTube is the hash of a canonical tube code, the same on every machine.
func HashTube(code []byte) uint64 { return hashBytes(code) }
