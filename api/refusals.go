package api

import (
	"poolwise/engine"
	"poolwise/ingest"
)

// plainRefusals are the sentences of refusals that need no figure.
var plainRefusals = map[engine.Outcome]string{
	engine.RefusedPersonInOtherTube:   "This person is already in another open tube.",
	engine.RefusedMustBeSingle:        "This person needs a tube of their own.",
	engine.RefusedDeferred:            "This person was vaccinated less than 48 hours before, and the round defers them.",
	engine.RefusedLabMismatch:         "This credential speaks for another laboratory.",
	engine.RefusedNotPermitted:        "The roles of this credential do not permit this.",
	engine.RefusedPersonUnknown:       "This person is not in the roster, and this server takes nobody else.",
	engine.RefusedSiteUnknown:         "This site is not known, and this server takes no other.",
	engine.RefusedLabUnknown:          "This laboratory is not known, and this server takes no other.",
	engine.RefusedRecollectionUnknown: "There is no recollection of this number.",
}

// tubeRefusals follow the code of the tube.
var tubeRefusals = map[engine.Outcome]string{
	engine.RefusedTubeVoid:            " is void.",
	engine.RefusedTubeAlreadyResulted: " already has a result.",
	engine.RefusedTubeClosed:          " is closed.",
	engine.RefusedTubeOfOtherRound:    " belongs to another round.",
	engine.RefusedHouseholdMismatch:   " is of another household.",
}

// appendRefusal says in a sentence why the rules refused an item.
func appendRefusal(dst []byte, b *engine.Batch, row int) []byte {
	outcome := b.Outcome[row]
	if sentence := plainRefusals[outcome]; sentence != "" {
		return appendString(dst, sentence)
	}
	if outcome == engine.RefusedField {
		if name := ingest.MasterField(b.Kind[row], engine.Field(b.Detail[row])); name != "" {
			dst = append(dst, `"The field \"`...)
			dst = append(dst, name...)
			return append(dst, `\" does not fit what is known already."`...)
		}
	}
	if b.Tube[row] == engine.NoTube {
		return append(dst, `"This does not fit what is known already."`...)
	}
	dst = append(dst, `"Tube `...)
	dst = append(dst, b.Text(b.Tubes[b.Tube[row]])...)
	members, capacity := uint64(b.Detail[row]>>8), uint64(b.Detail[row]&0xff)
	switch outcome {
	case engine.RefusedTubeFull:
		dst = append(dst, ` holds `...)
		dst = appendUint(dst, members)
		dst = append(dst, ` of `...)
		dst = appendUint(dst, capacity)
		dst = append(dst, ` people.`...)
	case engine.RefusedCapacityOverPolicy:
		dst = append(dst, ` holds `...)
		dst = appendUint(dst, members)
		dst = append(dst, ` people, and the policy of the round lets `...)
		dst = appendUint(dst, capacity)
		dst = append(dst, ` share one.`...)
	default:
		sentence := tubeRefusals[outcome]
		if sentence == "" {
			sentence = " does not take this."
		}
		dst = append(dst, sentence...)
	}
	return append(dst, '"')
}
