package ingest

import (
	"math/bits"

	"poolwise/engine"
)

// row turns the item into a row of the batch. Nothing is added when it is refused:
// everything is checked before the first tube, place or document is noted.
func (d *Decoder) row() *fault {
	it := &d.item
	if d.o.Endpoint >= Areas {
		return d.masterItem(&masters[d.o.Endpoint-Areas])
	}
	kind, f := d.kind()
	if f != nil {
		return f
	}
	s := &shapes[kind]
	if missing := s.required &^ it.seen; missing != 0 {
		return faultMissing[bits.TrailingZeros64(uint64(missing))]
	}
	if wrong := s.required &^ it.text; wrong != 0 {
		return faultInvalid[bits.TrailingZeros64(uint64(wrong))]
	}
	var code []byte
	if s.required.has(fieldTube) {
		if code, f = d.tubeCode(fieldTube, &d.code); f != nil {
			return f
		}
	}
	var bits uint8
	if it.seen.has(fieldLate) {
		late, f := d.boolean(fieldLate)
		if f != nil {
			return f
		}
		if late {
			bits = engine.ItemLate
		}
	}
	switch kind {
	case engine.KindScan, engine.KindUnscan:
		return d.scan(kind, s, code, bits)
	case engine.KindResult:
		return d.result(s, code, bits)
	case engine.KindTransfer:
		return d.transfer(s, bits)
	case engine.KindExcuse, engine.KindDischarge:
		return d.note(kind, s, bits)
	case engine.KindAcknowledge, engine.KindUnreachable:
		return d.call(kind, s, bits)
	case engine.KindMerge, engine.KindUnmerge:
		return d.union(kind, s, bits)
	default:
		return d.tube(kind, s, code, bits)
	}
}

// tubeCode reads a tube that is there, into scratch when its text is not canonical.
func (d *Decoder) tubeCode(name field, scratch *[]byte) ([]byte, *fault) {
	text := d.item.value(name)
	if isTube(text) {
		return text, nil
	}
	code, ok := CanonicalTube((*scratch)[:0], text)
	if *scratch = code; !ok {
		return nil, faultInvalid[name]
	}
	return code, nil
}

// kind tells the type of the event.
func (d *Decoder) kind() (engine.Kind, *fault) {
	it := &d.item
	want := [...]engine.Kind{Events: 0, Scans: engine.KindScan, Results: engine.KindResult}[d.o.Endpoint]
	if !it.seen.has(fieldType) {
		if want == 0 {
			return 0, faultMissing[fieldType]
		}
		return want, nil
	}
	if !it.text.has(fieldType) {
		return 0, faultInvalid[fieldType]
	}
	kind := kindNamed(it.value(fieldType))
	if kind == 0 && want == 0 {
		switch string(it.value(fieldType)) {
		case "box.pack", "box.seal", "box.handover", "box.receive":
			return 0, faultNotYet
		}
	}
	if kind == 0 || (want != 0 && kind != want) {
		return 0, faultInvalid[fieldType]
	}
	return kind, nil
}

// kindNamed finds a kind of event by its name, 0 for none.
func kindNamed(name []byte) engine.Kind {
	switch string(name) {
	case "scan":
		return engine.KindScan
	case "unscan":
		return engine.KindUnscan
	case "transfer":
		return engine.KindTransfer
	case "tube.open":
		return engine.KindTubeOpen
	case "tube.close":
		return engine.KindTubeClose
	case "tube.void":
		return engine.KindTubeVoid
	case "tube.receive":
		return engine.KindTubeReceive
	case "tube.reject":
		return engine.KindTubeReject
	case "tube.lost":
		return engine.KindTubeLost
	case "result":
		return engine.KindResult
	case "excuse":
		return engine.KindExcuse
	case "recollection.ack":
		return engine.KindAcknowledge
	case "recollection.unreachable":
		return engine.KindUnreachable
	case "discharge":
		return engine.KindDischarge
	case "person.merge":
		return engine.KindMerge
	case "person.unmerge":
		return engine.KindUnmerge
	}
	return 0
}

// scan adds a scan or an unscan.
func (d *Decoder) scan(kind engine.Kind, s *shape, code []byte, bits uint8) *fault {
	it, b := &d.item, &d.out.Batch
	person, f := d.who(fieldPerson, &d.person)
	if f != nil {
		return f
	}
	at, f := d.times.read(it.value(fieldAt), fieldAt)
	if f != nil {
		return f
	}
	var arg uint64
	var other []byte
	if kind == engine.KindScan && it.seen&setSeldom != 0 {
		if arg, other, f = d.seldom(code); f != nil {
			return f
		}
	}
	extra, ctx, f := d.rest(s)
	if f != nil {
		return f
	}
	tube := d.tubes.find(b, code)
	if other != nil {
		arg |= uint64(d.tubes.findOther(b, other)+1) << 32
	}
	b.Add(kind, bits, tube, d.noted(person, d.person), at, ctx, arg, extra)
	if it.seen&setNames != 0 && kind == engine.KindScan {
		d.keepNames(it.seen & setNames)
	}
	return nil
}

// who reads a person that is there: a resident ID, a document already known, or 0 for
// an unknown one whose text is in scratch.
func (d *Decoder) who(name field, scratch *[]byte) (engine.PersonRef, *fault) {
	text := d.item.value(name)
	if len(text) == 18 {
		if digits17, ok := parseResident(text, d.today); ok {
			return engine.ResidentRef(digits17), nil
		}
	}
	document, digits17, resident, ok := parsePerson((*scratch)[:0], text, d.today)
	*scratch = document
	switch {
	case !ok:
		return 0, faultNotPerson[name]
	case resident:
		return engine.ResidentRef(digits17), nil
	case d.o.People == nil:
		return 0, nil
	}
	ref := engine.DocumentRef(engine.Span{Len: uint32(len(document))})
	return engine.OrdinalRef(d.o.People.Find(ref, document)), nil
}

// seldom reads what most scans do not say: the household, the pool that the specimen
// was taken with, and personal data, which is only checked. An empty text says nothing.
func (d *Decoder) seldom(code []byte) (arg uint64, other []byte, f *fault) {
	it := &d.item
	if f = d.profile(it.seen & (1<<fieldName | 1<<fieldPhone | 1<<fieldArea | 1<<fieldHousehold)); f != nil {
		return 0, nil, f
	}
	if it.seen.has(fieldArea) && len(it.value(fieldArea)) == 0 {
		it.seen &^= fieldArea.set()
	}
	if it.seen.has(fieldHousehold) && len(it.value(fieldHousehold)) > 0 {
		arg = engine.HashHousehold(it.value(fieldHousehold))
	}
	if it.seen.has(fieldRetainedOf) {
		if !it.text.has(fieldRetainedOf) {
			return 0, nil, faultInvalid[fieldRetainedOf]
		}
		if other, f = d.tubeCode(fieldRetainedOf, &d.code2); f == nil && string(other) == string(code) {
			f = faultInvalid[fieldRetainedOf]
		}
	}
	return arg, other, f
}

// tube adds what happens to a tube as a whole, results apart.
func (d *Decoder) tube(kind engine.Kind, s *shape, code []byte, bits uint8) *fault {
	it, b := &d.item, &d.out.Batch
	at, f := d.times.read(it.value(fieldAt), fieldAt)
	if f != nil {
		return f
	}
	var arg uint64
	switch kind {
	case engine.KindTubeOpen:
		if arg, f = d.opening(&bits); f != nil {
			return f
		}
	case engine.KindTubeClose:
		if it.seen.has(fieldMembers) {
			if arg, f = d.count(fieldMembers, 0, MaxMembers); f != nil {
				return f
			}
			arg++
		}
	case engine.KindTubeVoid:
		arg = engine.HashReason(it.value(fieldReason))
	}
	extra, ctx, f := d.rest(s)
	if f != nil {
		return f
	}
	b.Add(kind, bits, d.tubes.find(b, code), 0, at, ctx, arg, extra)
	return nil
}

// opening reads what only a tube.open says.
func (d *Decoder) opening(bits *uint8) (capacity uint64, f *fault) {
	it := &d.item
	if it.seen.has(fieldCapacity) {
		if capacity, f = d.count(fieldCapacity, 1, MaxCapacity); f != nil {
			return 0, f
		}
	}
	if it.seen.has(fieldRetained) {
		retained, f := d.boolean(fieldRetained)
		if f != nil {
			return 0, f
		}
		if retained {
			*bits |= engine.ItemRetained
		}
	}
	return capacity, nil
}

// result adds a result. Its time is tested_at; an "at" is checked and dropped.
func (d *Decoder) result(s *shape, code []byte, bits uint8) *fault {
	it, b := &d.item, &d.out.Batch
	var verdict engine.Verdict
	switch string(it.value(fieldVerdict)) {
	case "negative":
		verdict = engine.Negative
	case "positive":
		verdict = engine.Positive
	case "inconclusive":
		verdict = engine.Inconclusive
	case "invalid":
		verdict = engine.Invalid
	default:
		return faultInvalid[fieldVerdict]
	}
	stage, f := d.stage()
	if f != nil {
		return f
	}
	tested, f := d.times.read(it.value(fieldTestedAt), fieldTestedAt)
	if f != nil {
		return f
	}
	reported := tested
	if it.seen.has(fieldReportedAt) {
		if reported, f = d.instant(fieldReportedAt); f != nil {
			return f
		}
		if reported < tested {
			return faultReported
		}
	} else if stage >= engine.Corrected {
		return faultMissing[fieldReportedAt]
	}
	if it.seen.has(fieldAt) {
		if _, f = d.instant(fieldAt); f != nil {
			return f
		}
	}
	extra, ctx, f := d.rest(s)
	if f != nil {
		return f
	}
	b.Add(engine.KindResult, bits, d.tubes.find(b, code), 0, tested, ctx, engine.ResultArg(reported, stage, verdict), extra)
	return nil
}

// stage reads the stage of a result; final when it says none.
func (d *Decoder) stage() (engine.Stage, *fault) {
	it := &d.item
	if !it.seen.has(fieldStage) {
		return engine.Final, nil
	}
	if it.text.has(fieldStage) {
		switch string(it.value(fieldStage)) {
		case "preliminary":
			return engine.Preliminary, nil
		case "final":
			return engine.Final, nil
		case "corrected":
			return engine.Corrected, nil
		case "withdrawn":
			return engine.Withdrawn, nil
		}
	}
	return 0, faultInvalid[fieldStage]
}

// instant reads an optional time that is there.
func (d *Decoder) instant(name field) (engine.Seconds, *fault) {
	if !d.item.text.has(name) {
		return 0, faultInvalid[name]
	}
	return d.times.read(d.item.value(name), name)
}

// boolean reads a true or false that is there.
func (d *Decoder) boolean(name field) (bool, *fault) {
	if !d.item.text.has(name) {
		switch string(d.item.value(name)) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return false, faultInvalid[name]
}

// count reads a whole number that is there, written without sign, point and exponent.
func (d *Decoder) count(name field, least, most uint64) (uint64, *fault) {
	v := d.item.value(name)
	if d.item.text.has(name) || len(v) > 9 || !allDigits(v) {
		return 0, faultInvalid[name]
	}
	n := uint64(0)
	for _, c := range v {
		n = n*10 + uint64(c-'0')
	}
	if n < least || n > most {
		return 0, faultInvalid[name]
	}
	return n, nil
}

// rest reads what an item shares with its neighbours and what is only kept. It is
// the last check: when it refuses, the batch is as it was.
func (d *Decoder) rest(s *shape) (extra engine.Span, ctx uint32, f *fault) {
	b := &d.out.Batch
	mark := len(b.Bytes)
	if set := d.item.seen & s.kept; set != 0 {
		if extra, f = d.keep(set); f != nil {
			b.Bytes = b.Bytes[:mark]
			return extra, 0, f
		}
	}
	if ctx, f = d.context(d.item.seen & s.context); f != nil {
		b.Bytes = b.Bytes[:mark]
	}
	return extra, ctx, f
}
