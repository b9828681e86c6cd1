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
	RefusedTubeOfOtherRound
	RefusedMustBeSingle
	RefusedDeferred // vaccinated less than 48 h ago, and the round defers them
	RefusedHouseholdMismatch
	RefusedCapacityOverPolicy
	RefusedLabMismatch
	RefusedNotPermitted
	RefusedPersonUnknown // strict master data
	RefusedSiteUnknown
	RefusedLabUnknown
	RefusedRecollectionUnknown
	RefusedField // master data that cannot be: Detail is the Field
)

var outcomeCodes = []string{"accepted", "duplicate", "tube_void", "tube_already_resulted", "tube_closed", "tube_full", "person_in_other_tube",
	"tube_of_other_round", "must_be_single", "deferred", "household_mismatch", "capacity_over_policy", "lab_mismatch", "not_permitted",
	"person_unknown", "site_unknown", "lab_unknown", "recollection_unknown", "field_invalid"}

// Code is the stable code of the wire.
func (o Outcome) Code() string { return name(outcomeCodes, o) }

// Refused tells whether the item had no effect because a rule of a live scan forbids it.
func (o Outcome) Refused() bool { return o > Duplicate }

// Flags tell what was accepted and deserves a look. Bits, one item may have several.
type Flags uint32

const (
	FlagTubeUnknown        Flags = 1 << iota // a result parked until its scans come
	FlagOverCapacity                         // late scan into a full tube
	FlagAfterClose                           // late scan into a closed tube
	FlagAfterResult                          // late scan into a tube with a result
	FlagInOtherTube                          // late scan of a person bound to another open tube
	FlagSwabAfterTest                        // the swab is later than the tube's tested_at
	FlagSingleWithMany                       // a single tube with more than one member
	FlagExpectsSingle                        // the person has an open order, and this is no single tube
	FlagCountMismatch                        // tube.close counted otherwise than the scans
	FlagAlreadyBound                         // a second scan of a bound pair at another time
	FlagNotBound                             // unscan of a pair that was never bound
	FlagUnscanRequested                      // unscan after a positive by a role that may only ask
	FlagVerdictConflict                      // a plain final that disagrees with a standing positive
	FlagUnbound                              // a scan older than the unscan that undid its pair
	FlagTransferRequested                    // a transfer out after a positive by a role that may only ask
	FlagTubeVoid                             // late scan into a void tube
	FlagTubeOfOtherRound                     // late scan that names another round than its tube's
	FlagMustBeSingle                         // late scan into a mixed tube of somebody who has to be alone
	FlagDeferred                             // late scan of somebody vaccinated less than 48 h before
	FlagHouseholdMismatch                    // late scan of another household into a household's tube
	FlagCapacityOverPolicy                   // more people in a tube than the policy of the round lets share one
	FlagLabMismatch                          // another laboratory received the tube, or another one's credential reports
	FlagSampledAfterTest                     // a negative tested before the swab of a member: it says nothing of that member
	FlagResultOfVoidTube                     // a positive or inconclusive of a void, rejected or lost tube
	FlagNoOrder                              // a recollection event of a person without an open order
	FlagNotConfirmed                         // a discharge without a confirmed cause swabbed and reported before it
)

var flagCodes = []string{"tube_unknown", "over_capacity", "after_close", "after_result", "in_other_tube", "swab_after_test",
	"single_with_many", "expects_single", "count_mismatch", "already_bound", "not_bound", "unscan_requested", "verdict_conflict", "unbound",
	"transfer_requested", "tube_void", "tube_of_other_round", "must_be_single", "deferred", "household_mismatch", "capacity_over_policy", "lab_mismatch",
	"sampled_after_test", "result_of_void_tube", "no_order", "not_confirmed"}

// Each calls f with the code of every flag that is set, lowest bit first.
func (f Flags) Each(do func(code string)) {
	for i, code := range flagCodes {
		if f&(1<<i) != 0 {
			do(code)
		}
	}
}
