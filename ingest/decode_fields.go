package ingest

import "poolwise/engine"

// field numbers the keys that a decoder knows, of events and of master data; fewer than
// 64, for sets of them are bits of a word. What an event keeps as text stands there in
// the order of these numbers.
type field uint8

const (
	fieldType field = iota
	fieldTube
	fieldPerson
	fieldAt
	fieldSite
	fieldStation
	fieldRound
	fieldLab
	fieldMode
	fieldPurpose
	fieldSpecimen
	fieldSource
	fieldLate
	fieldCapacity
	fieldMembers
	fieldRetained // individual_specimens_retained
	fieldVerdict
	fieldTestedAt
	fieldReportedAt
	fieldStage
	fieldName
	fieldPhone
	fieldArea
	fieldHousehold
	fieldID
	fieldReason
	fieldResultID
	fieldRun
	fieldPlate
	fieldWell
	fieldTargets
	fieldRetainedOf
	fieldFromTube
	fieldToTube
	fieldRecollection
	fieldFrom
	fieldTo
	fieldParent // from here on only master data
	fieldRisk
	fieldKind
	fieldOpens
	fieldSex
	fieldLiaison
	fieldCircle
	fieldGroups
	fieldHomeVisit
	fieldVaccinatedAt
	fieldOpensAt
	fieldClosesAt
	fieldEffectiveAt
	fieldAreas
	fieldWindow
	fieldBasis
	fieldCaps
	fieldSingleGroups
	fieldVaccinated48h
	fieldSLA
	fieldRecheck
	fieldRelease
	fieldCount
	fieldUnknown field = 0xff
)

const _ = uint(64 - fieldCount)

// fieldSet is a set of fields.
type fieldSet uint64

func (f field) set() fieldSet { return 1 << f }

// has tells whether f is in the set.
func (s fieldSet) has(f field) bool { return s>>f&1 != 0 }

// Sets that several kinds share.
const (
	setSeldom = 1<<fieldName | 1<<fieldPhone | 1<<fieldArea | 1<<fieldHousehold | 1<<fieldRetainedOf // most scans have none
	setPlace  = 1<<fieldSite | 1<<fieldStation | 1<<fieldRound | 1<<fieldLab | 1<<fieldArea
	setNames  = 1<<fieldName | 1<<fieldPhone | 1<<fieldHousehold // what scans say that names people
	setWords  = 1<<fieldMode | 1<<fieldPurpose | 1<<fieldSpecimen | 1<<fieldSource
)

// shape says which fields a kind of event has; all others are ignored.
type shape struct {
	required fieldSet
	context  fieldSet // shared by neighbours: an engine.Context
	kept     fieldSet // shown, decides nothing: Batch.Extra
}

var shapes = [...]shape{
	engine.KindScan: {
		required: 1<<fieldTube | 1<<fieldPerson | 1<<fieldAt,
		context:  1<<fieldSite | 1<<fieldStation | 1<<fieldRound | 1<<fieldArea | setWords,
		kept:     1 << fieldID,
	},
	engine.KindUnscan: {
		required: 1<<fieldTube | 1<<fieldPerson | 1<<fieldAt | 1<<fieldReason,
		kept:     1<<fieldID | 1<<fieldReason,
	},
	engine.KindTubeOpen: {
		required: 1<<fieldTube | 1<<fieldAt,
		context:  1<<fieldSite | 1<<fieldRound | 1<<fieldMode | 1<<fieldPurpose,
		kept:     1 << fieldID,
	},
	engine.KindTubeClose: {
		required: 1<<fieldTube | 1<<fieldAt,
		kept:     1 << fieldID,
	},
	engine.KindResult: {
		required: 1<<fieldTube | 1<<fieldVerdict | 1<<fieldLab | 1<<fieldTestedAt,
		context:  1 << fieldLab,
		kept:     1<<fieldID | 1<<fieldResultID | 1<<fieldRun | 1<<fieldPlate | 1<<fieldWell | 1<<fieldTargets,
	},
	engine.KindTransfer: {
		required: 1<<fieldPerson | 1<<fieldFromTube | 1<<fieldToTube | 1<<fieldAt | 1<<fieldReason,
		kept:     1<<fieldID | 1<<fieldReason,
	},
	engine.KindTubeVoid: {
		required: 1<<fieldTube | 1<<fieldAt | 1<<fieldReason,
		kept:     1<<fieldID | 1<<fieldReason,
	},
	engine.KindTubeReceive: custody,
	engine.KindTubeReject:  custody,
	engine.KindTubeLost:    custody,
	engine.KindExcuse: {
		required: 1<<fieldPerson | 1<<fieldRound | 1<<fieldReason | 1<<fieldAt,
		context:  1 << fieldRound,
		kept:     1<<fieldID | 1<<fieldReason,
	},
	engine.KindAcknowledge: call,
	engine.KindUnreachable: call,
	engine.KindDischarge: {
		required: 1<<fieldPerson | 1<<fieldAt | 1<<fieldReason,
		kept:     1<<fieldID | 1<<fieldReason,
	},
	engine.KindMerge:   union,
	engine.KindUnmerge: union,
}

// What several kinds have alike. A call names a recollection or a person.
var (
	custody = shape{required: 1<<fieldTube | 1<<fieldAt, context: 1 << fieldLab, kept: 1<<fieldID | 1<<fieldReason}
	call    = shape{required: 1 << fieldAt, kept: 1<<fieldID | 1<<fieldReason}
	union   = shape{required: 1<<fieldFrom | 1<<fieldTo | 1<<fieldAt, kept: 1<<fieldID | 1<<fieldReason}
)

// fields is the catalogue: a field's key, and what a good value is.
var fields = [fieldCount]struct{ name, rule string }{
	fieldType:          {"type", "must be the type of an event that this request may hold"},
	fieldTube:          {"tube", ruleTube},
	fieldPerson:        {"person", "must be a string"},
	fieldAt:            {"at", ruleTime},
	fieldSite:          {"site", ruleName},
	fieldStation:       {"station", ruleName},
	fieldRound:         {"round", ruleName},
	fieldLab:           {"lab", ruleName},
	fieldMode:          {"mode", "must be single, household or pool"},
	fieldPurpose:       {"purpose", "must be screening, recollection or recheck"},
	fieldSpecimen:      {"specimen", "must be op or np"},
	fieldSource:        {"source", "must be code, id_card or manual"},
	fieldLate:          {"late", "must be true or false"},
	fieldCapacity:      {"capacity", "must be a whole number from 1 to 30"},
	fieldMembers:       {"members", "must be a whole number from 0 to 10,000"},
	fieldRetained:      {"individual_specimens_retained", "must be true or false"},
	fieldVerdict:       {"verdict", "must be negative, positive, inconclusive or invalid"},
	fieldTestedAt:      {"tested_at", ruleTime},
	fieldReportedAt:    {"reported_at", ruleTime},
	fieldStage:         {"stage", "must be preliminary, final, corrected or withdrawn"},
	fieldName:          {"name", "must be a text of at most 50 characters"},
	fieldPhone:         {"phone", ruleText},
	fieldArea:          {"area", ruleArea},
	fieldHousehold:     {"household", ruleText},
	fieldID:            {"id", "must be a text of 1 to 64 characters"},
	fieldReason:        {"reason", "must be a text of 1 to 256 bytes without control characters"},
	fieldResultID:      {"result_id", ruleText},
	fieldRun:           {"run", ruleText},
	fieldPlate:         {"plate", ruleText},
	fieldWell:          {"well", ruleText},
	fieldTargets:       {"targets", "must be an array of at most 16 objects, each with a gene and perhaps a ct from 0 to 100"},
	fieldRetainedOf:    {"retained_of", "must be another tube: 1 to 32 of 0-9, A-Z and hyphen"},
	fieldFromTube:      {"from_tube", ruleTube},
	fieldToTube:        {"to_tube", "must be another tube than from_tube: 1 to 32 of 0-9, A-Z and hyphen"},
	fieldRecollection:  {"recollection", "must be the id of a recollection, such as R7; or the item names a person"},
	fieldFrom:          {"from", "must be a string"},
	fieldTo:            {"to", "must be a string that names another person than from"},
	fieldParent:        {"parent", ruleArea},
	fieldRisk:          {"risk", "must be low, medium, high or closed"},
	fieldKind:          {"kind", "must be fixed, standby, gate or mobile for a site, lab or cdc for a laboratory"},
	fieldOpens:         {"opens", ruleText},
	fieldSex:           {"sex", "must be F, M or X"},
	fieldLiaison:       {"liaison", "must be a text of at most 50 characters"},
	fieldCircle:        {"circle", "must be a whole number from 1 to 6"},
	fieldGroups:        {"groups", ruleGroups},
	fieldHomeVisit:     {"home_visit", "must be true or false"},
	fieldVaccinatedAt:  {"vaccinated_at", ruleTime},
	fieldOpensAt:       {"opens_at", ruleTime},
	fieldClosesAt:      {"closes_at", ruleTime},
	fieldEffectiveAt:   {"effective_at", ruleTime},
	fieldAreas:         {"areas", "must be an array of at most 1,000 areas of 2 to 20 digits"},
	fieldWindow:        {"window", "must be " + ruleDuration},
	fieldBasis:         {"basis", "must be sampled or reported"},
	fieldCaps:          {"caps", "must be an object of low, medium, high and closed, each 1 to 30 or household"},
	fieldSingleGroups:  {"single_groups", ruleGroups},
	fieldVaccinated48h: {"vaccinated_48h", "must be single, defer or any"},
	fieldSLA:           {"sla", "must be an object of to_lab, to_result and recollect, each " + ruleDuration},
	fieldRecheck:       {"recheck", "must be new_specimen or same_specimen"},
	fieldRelease:       {"release", "must be each or all"},
}

const (
	ruleTime     = "must be a time like 2022-04-04T08:01:00+08:00, after the year 1999"
	ruleTube     = "must be 1 to 32 of 0-9, A-Z and hyphen"
	ruleName     = "must be 1 to 32 of 0-9, A-Z, a-z, dot, underscore and hyphen"
	ruleText     = "must be a text of at most 256 bytes without control characters"
	ruleArea     = "must be 2 to 20 digits"
	ruleGroups   = "must be an array of at most 16 words, each 1 to 32 of 0-9, A-Z, a-z, dot, underscore and hyphen"
	ruleDuration = "a duration such as 30m, 48h or 5d, up to 31d"
)

// fieldNamed finds a field by its key.
func fieldNamed(key []byte) field {
	for f := range fields {
		if fields[f].name == string(key) {
			return field(f)
		}
	}
	return fieldUnknown
}

// item is one item as found by a scanner: where each value lies, not what it means.
// A null counts as an absent field, but its key cannot be given again.
type item struct {
	src  []byte // what at points into; valid until the next item
	seen fieldSet
	text fieldSet // of seen: strings, without quotes and escapes; the others are raw JSON
	null fieldSet // given as null
	at   [fieldCount]engine.Span
}

// value is the text or raw JSON of a field. REQUIRES: it is seen.
func (it *item) value(f field) []byte {
	s := it.at[f]
	return it.src[s.Off : s.Off+s.Len]
}
