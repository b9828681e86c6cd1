package ingest

import (
	"math/bits"
	"unicode/utf8"

	"poolwise/engine"
)

// row turns the item into a row of the batch. Nothing is added when it is refused:
// everything is checked before the first tube, place or document is noted.
func (d *Decoder) row() *fault {
	it := &d.item
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
	code := it.value(fieldTube)
	if !isTube(code) {
		var ok bool
		if d.code, ok = CanonicalTube(d.code[:0], code); !ok {
			return faultInvalid[fieldTube]
		}
		code = d.code
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
	default:
		return d.tube(kind, s, code, bits)
	}
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
	var kind engine.Kind
	switch string(it.value(fieldType)) {
	case "scan":
		kind = engine.KindScan
	case "unscan":
		kind = engine.KindUnscan
	case "tube.open":
		kind = engine.KindTubeOpen
	case "tube.close":
		kind = engine.KindTubeClose
	case "result":
		kind = engine.KindResult
	case "transfer", "tube.void", "box.pack", "box.seal", "box.handover", "box.receive", "tube.receive", "tube.reject", "tube.lost", "excuse",
		"recollection.ack", "recollection.unreachable", "discharge", "person.merge", "person.unmerge":
		if want == 0 {
			return 0, faultNotYet
		}
	}
	if kind == 0 || (want != 0 && kind != want) {
		return 0, faultInvalid[fieldType]
	}
	return kind, nil
}

// scan adds a scan or an unscan.
func (d *Decoder) scan(kind engine.Kind, s *shape, code []byte, bits uint8) *fault {
	it, b := &d.item, &d.out.Batch
	person, f := d.who(it.value(fieldPerson))
	if f != nil {
		return f
	}
	at, f := d.times.read(it.value(fieldAt), fieldAt)
	if f != nil {
		return f
	}
	if kind == engine.KindScan && it.seen&setProfile != 0 {
		if f := d.profile(); f != nil {
			return f
		}
	}
	extra, ctx, f := d.rest(s)
	if f != nil {
		return f
	}
	tube := d.tubes.find(b, code)
	if person == 0 {
		person = engine.DocumentRef(b.Put(d.person))
	}
	b.Add(kind, bits, tube, person, at, ctx, 0, extra)
	return nil
}

// who reads the person: a resident ID, a document already known, or 0 for an unknown one whose text is d.person.
func (d *Decoder) who(text []byte) (engine.PersonRef, *fault) {
	if len(text) == 18 {
		if digits17, ok := parseResident(text, d.today); ok {
			return engine.ResidentRef(digits17), nil
		}
	}
	var digits17 uint64
	var resident, ok bool
	d.person, digits17, resident, ok = parsePerson(d.person[:0], text, d.today)
	switch {
	case !ok:
		return 0, faultNotPerson
	case resident:
		return engine.ResidentRef(digits17), nil
	case d.o.People == nil:
		return 0, nil
	}
	ref := engine.DocumentRef(engine.Span{Len: uint32(len(d.person))})
	return engine.OrdinalRef(d.o.People.Find(ref, d.person)), nil
}

// profile checks what a scan says of the person. None of it is kept in this version:
// personal data is stored only once it can be sealed under its retention class.
func (d *Decoder) profile() *fault {
	it := &d.item
	for set := it.seen & setProfile; set != 0; set &= set - 1 {
		f := field(bits.TrailingZeros64(uint64(set)))
		if !it.text.has(f) {
			return faultInvalid[f]
		}
		v := it.value(f)
		ok := len(v) <= MaxTextBytes && !hasControl(v)
		switch f {
		case fieldName:
			ok = ok && utf8.RuneCount(v) <= MaxNameChars
		case fieldArea:
			ok = len(v) == 0 || (len(v) >= 2 && len(v) <= 20 && allDigits(v))
		}
		if !ok {
			return faultInvalid[f]
		}
	}
	return nil
}

// tube adds a tube.open or a tube.close.
func (d *Decoder) tube(kind engine.Kind, s *shape, code []byte, bits uint8) *fault {
	it, b := &d.item, &d.out.Batch
	at, f := d.times.read(it.value(fieldAt), fieldAt)
	if f != nil {
		return f
	}
	var arg uint64
	if kind == engine.KindTubeOpen {
		if it.seen.has(fieldCapacity) {
			if arg, f = d.count(fieldCapacity, 1, MaxCapacity); f != nil {
				return f
			}
		}
		if it.seen.has(fieldRetained) {
			retained, f := d.boolean(fieldRetained)
			if f != nil {
				return f
			}
			if retained {
				bits |= engine.ItemRetained
			}
		}
	} else if it.seen.has(fieldMembers) {
		if arg, f = d.count(fieldMembers, 0, MaxMembers); f != nil {
			return f
		}
		arg++
	}
	extra, ctx, f := d.rest(s)
	if f != nil {
		return f
	}
	b.Add(kind, bits, d.tubes.find(b, code), 0, at, ctx, arg, extra)
	return nil
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
