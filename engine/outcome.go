package engine

// Outcome is what became of one item of a batch. Refusals are values, not errors:
// they are part of the deterministic answer that a replay computes again.
type Outcome uint8

const (
	Accepted Outcome = iota
	Duplicate
	RefusedTubeVoid
	RefusedTubeAlreadyResulted
	RefusedTubeClosed
	RefusedTubeFull
	RefusedPersonInOtherTube
)

var outcomeCodes = []string{"accepted", "duplicate", "tube_void", "tube_already_resulted", "tube_closed", "tube_full", "person_in_other_tube"}

// Code is the stable code of the wire.
func (o Outcome) Code() string { return name(outcomeCodes, o) }

// Refused tells whether the item had no effect because a rule of a live scan forbids it.
func (o Outcome) Refused() bool { return o > Duplicate }

// Flags tell what was accepted and deserves a look. Bits, one item may have several.
type Flags uint16

const (
	FlagTubeUnknown     Flags = 1 << iota // a result parked until its scans come
	FlagOverCapacity                      // late scan into a full tube
	FlagAfterClose                        // late scan into a closed tube
	FlagAfterResult                       // late scan into a tube with a result
	FlagInOtherTube                       // late scan of a person bound to another open tube
	FlagSwabAfterTest                     // the swab is later than the tube's tested_at
	FlagSingleWithMany                    // a single tube with more than one member
	FlagExpectsSingle                     // the person has an open order, and this is no single tube
	FlagCountMismatch                     // tube.close counted otherwise than the scans
	FlagAlreadyBound                      // a second scan of a bound pair at another time
	FlagNotBound                          // unscan of a pair that was never bound
	FlagUnscanRequested                   // unscan after a positive by a role that may only ask
	FlagVerdictConflict                   // a plain final that disagrees with a standing positive
	FlagUnbound                           // a scan older than the unscan that undid its pair
)

var flagCodes = []string{"tube_unknown", "over_capacity", "after_close", "after_result", "in_other_tube", "swab_after_test",
	"single_with_many", "expects_single", "count_mismatch", "already_bound", "not_bound", "unscan_requested", "verdict_conflict", "unbound"}

// Each calls f with the code of every flag that is set, lowest bit first.
func (f Flags) Each(do func(code string)) {
	for i, code := range flagCodes {
		if f&(1<<i) != 0 {
			do(code)
		}
	}
}
