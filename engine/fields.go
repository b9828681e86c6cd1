package engine

import "encoding/binary"

// Field names one value of a master data item. The numbers are in the journal: append,
// never renumber.
type Field uint8

// An item names only the fields that it changes. Values are text in the form of the
// wire, canonical: times are decimal Seconds, durations decimal seconds, booleans 0 or
// 1; an empty value takes the field back. A list is its elements with a comma between.
const (
	FieldKey          Field = 1 + iota // area, site, lab, round: its code; not for people
	FieldParent                        // area
	FieldRisk                          // area: low, medium, high, closed
	FieldName                          // area, site, lab, round
	FieldArea                          // site, person
	FieldKind                          // site: fixed, standby, gate, mobile; lab: lab, cdc
	FieldLab                           // site
	FieldOpens                         // site: hours, shown only
	FieldHousehold                     // person
	FieldCircle                        // person: 1..6
	FieldGroups                        // person: list
	FieldHomeVisit                     // person
	FieldVaccinatedAt                  // person
	FieldOpensAt                       // round
	FieldClosesAt                      // round
	FieldAreas                         // round: list
	FieldWindow                        // round: duration
	FieldBasis                         // round: sampled, reported
	FieldCapLow                        // round: 1..30 or household
	FieldCapMedium
	FieldCapHigh
	FieldCapClosed
	FieldSingleGroups  // round: list
	FieldVaccinated48h // round: single, defer, any
	FieldSLAToLab      // round: duration
	FieldSLAToResult   // round: duration
	FieldSLARecollect  // round: duration
	FieldRecheck       // round: new_specimen, same_specimen
	FieldRelease       // round: each, all
	FieldEffectiveAt   // round
	FieldSex           // profile of a person, never the engine's: F, M, X
	FieldPhone         // profile
	FieldLiaison       // profile: who looks after the person's grid, by name
	FieldTube          // profile: the tube that a roster's form names
	FieldHouseholdHash // person: HashHousehold, 4 bytes; the name itself is of the profile
	fieldEnd
)

// AppendField appends one field of an item: its number, the value's length, the value.
func AppendField(dst []byte, f Field, value []byte) []byte {
	dst = append(dst, byte(f))
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// NextField takes the first field off an item; ok is false at its end, or where it is
// cut short.
func NextField(item []byte) (f Field, value, rest []byte, ok bool) {
	if len(item) < 2 {
		return 0, nil, nil, false
	}
	n, size := binary.Uvarint(item[1:])
	if size <= 0 || n > uint64(len(item)-1-size) {
		return 0, nil, nil, false
	}
	rest = item[1+size:]
	return Field(item[0]), rest[:n], rest[n:], true
}
