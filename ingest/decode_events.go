package ingest

import "poolwise/engine"

// Events that name people rather than tubes, and the one that names two tubes.

// transfer adds the move of a person from one tube to another.
func (d *Decoder) transfer(s *shape, bits uint8) *fault {
	it, b := &d.item, &d.out.Batch
	from, f := d.tubeCode(fieldFromTube, &d.code)
	if f != nil {
		return f
	}
	to, f := d.tubeCode(fieldToTube, &d.code2)
	if f != nil {
		return f
	}
	if string(from) == string(to) {
		return faultInvalid[fieldToTube]
	}
	person, f := d.who(fieldPerson, &d.person)
	if f != nil {
		return f
	}
	at, f := d.times.read(it.value(fieldAt), fieldAt)
	if f != nil {
		return f
	}
	extra, ctx, f := d.rest(s)
	if f != nil {
		return f
	}
	tube := d.tubes.find(b, from)
	arg := uint64(d.tubes.findOther(b, to)) | engine.HashReason(it.value(fieldReason))<<32
	b.Add(engine.KindTransfer, bits, tube, d.noted(person, d.person), at, ctx, arg, extra)
	return nil
}

// note adds an excuse or a discharge.
func (d *Decoder) note(kind engine.Kind, s *shape, bits uint8) *fault {
	it, b := &d.item, &d.out.Batch
	person, f := d.who(fieldPerson, &d.person)
	if f != nil {
		return f
	}
	at, f := d.times.read(it.value(fieldAt), fieldAt)
	if f != nil {
		return f
	}
	extra, ctx, f := d.rest(s)
	if f != nil {
		return f
	}
	b.Add(kind, bits, engine.NoTube, d.noted(person, d.person), at, ctx, engine.HashReason(it.value(fieldReason)), extra)
	return nil
}

// call adds what became of calling somebody back. It names the recollection or the
// person; where it names both, the recollection says who.
func (d *Decoder) call(kind engine.Kind, s *shape, bits uint8) *fault {
	it, b := &d.item, &d.out.Batch
	var person engine.PersonRef
	var number uint64
	var f *fault
	if it.seen.has(fieldPerson) {
		if !it.text.has(fieldPerson) {
			return faultInvalid[fieldPerson]
		}
		if person, f = d.who(fieldPerson, &d.person); f != nil {
			return f
		}
	}
	if it.seen.has(fieldRecollection) {
		if number = orderNumber(it.value(fieldRecollection)); number == 0 || !it.text.has(fieldRecollection) {
			return faultInvalid[fieldRecollection]
		}
	} else if !it.seen.has(fieldPerson) {
		return faultMissing[fieldRecollection]
	}
	at, f := d.times.read(it.value(fieldAt), fieldAt)
	if f != nil {
		return f
	}
	extra, ctx, f := d.rest(s)
	if f != nil {
		return f
	}
	if number != 0 {
		person = 0
	} else {
		person = d.noted(person, d.person)
	}
	b.Add(kind, bits, engine.NoTube, person, at, ctx, number, extra)
	return nil
}

// orderNumber reads "R7"; 0 for what is no number of a recollection.
func orderNumber(text []byte) (number uint64) {
	if len(text) < 2 || len(text) > 11 || text[0] != 'R' || text[1] == '0' || !allDigits(text[1:]) {
		return 0
	}
	for _, c := range text[1:] {
		number = number*10 + uint64(c-'0')
	}
	if number > 1<<32-1 {
		return 0
	}
	return number
}

// union adds the merging of two identities, or its end.
func (d *Decoder) union(kind engine.Kind, s *shape, bits uint8) *fault {
	it, b := &d.item, &d.out.Batch
	from, f := d.who(fieldFrom, &d.person)
	if f != nil {
		return f
	}
	to, f := d.who(fieldTo, &d.person2)
	if f != nil {
		return f
	}
	if from == to && (from != 0 || string(d.person) == string(d.person2)) {
		return faultInvalid[fieldTo]
	}
	at, f := d.times.read(it.value(fieldAt), fieldAt)
	if f != nil {
		return f
	}
	extra, ctx, f := d.rest(s)
	if f != nil {
		return f
	}
	from, to = d.noted(from, d.person), d.noted(to, d.person2)
	b.Add(kind, bits, engine.NoTube, from, at, ctx, uint64(to), extra)
	return nil
}

// noted is the reference, or one to the document of somebody unknown, put into the batch.
func (d *Decoder) noted(person engine.PersonRef, document []byte) engine.PersonRef {
	if person == 0 {
		return engine.DocumentRef(d.out.Batch.Put(document))
	}
	return person
}
