package api

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
	"poolwise/ingest"
)

// rejectsAsk is what a request names.
type rejectsAsk struct {
	ids  []uint64
	late bool
}

// readRejectsAsk reads {"rejects":["J17"],"late":true}; late only where it means something.
func readRejectsAsk(ctx *fasthttp.RequestCtx, mayBeLate bool) (ask rejectsAsk, refused *refusal) {
	switch format, refused := formatOf(ctx); {
	case refused != nil:
		return ask, refused
	case format != ingest.FormatJSON:
		return ask, errMediaType
	}
	var body []byte
	if refused := readSmall(ctx, &body, rejectsBodyBytesMax, errRejectsTooLarge); refused != nil {
		return ask, refused
	}
	return parseRejectsAsk(body, mayBeLate)
}

// parseRejectsAsk reads token by token: a struct would take a key given twice, and "REJECTS".
func parseRejectsAsk(body []byte, mayBeLate bool) (ask rejectsAsk, refused *refusal) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		return ask, errRejectsBody
	}
	seenIDs, seenLate := false, false
	for decoder.More() {
		key, err := decoder.Token()
		switch {
		case err != nil:
			return ask, errRejectsBody
		case key == "rejects" && !seenIDs:
			seenIDs = true
			if refused := ask.readIDs(decoder); refused != nil {
				return ask, refused
			}
		case key == "late" && !seenLate && mayBeLate:
			seenLate = true
			late, err := decoder.Token()
			var ok bool
			if ask.late, ok = late.(bool); err != nil || !ok {
				return ask, errRejectsBody
			}
		default:
			return ask, errRejectsBody
		}
	}
	if t, err := decoder.Token(); err != nil || t != json.Delim('}') {
		return ask, errRejectsBody
	}
	if _, err := decoder.Token(); err != io.EOF || !seenIDs {
		return ask, errRejectsBody
	}
	return ask, nil
}

func (ask *rejectsAsk) readIDs(decoder *json.Decoder) *refusal {
	if t, err := decoder.Token(); err != nil || t != json.Delim('[') {
		return errRejectsBody
	}
	for decoder.More() {
		t, err := decoder.Token()
		text, isText := t.(string)
		if err != nil || !isText {
			return errRejectsBody
		}
		id, ok := parseRejectID(text)
		if !ok {
			return errRejectID
		}
		if ask.ids = append(ask.ids, id); len(ask.ids) > rejectsMax {
			return errTooManyRejects
		}
	}
	if t, err := decoder.Token(); err != nil || t != json.Delim(']') {
		return errRejectsBody
	}
	return nil
}

// resubmitted is one reject on its way through.
type resubmitted struct {
	place int // in the request
	id    uint64
	says  rejectSays
	text  []byte
}

// resubmission carries rejects through the way they came, as requests of their own: one for
// all of a way and a time zone. Those taken are forgotten only when they are durable. A crash
// in between leaves them to be resubmitted again, and then they are duplicates.
type resubmission struct {
	s    *Server
	b    *Backend
	late bool
	dry  bool

	received, missing, untried int
	counts                     batchCounts
	asOf                       engine.Position
	gone                       []uint64
	errors, flags              []resubmitNote
}

// resubmitNote is an error or a flag of the answer.
type resubmitNote struct {
	place         int
	id            uint64
	code, message string
}

func (s *Server) resubmitRejects(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	if b.Rejects == nil {
		return errNotFound
	}
	ask, refused := readRejectsAsk(ctx, true)
	if refused != nil {
		return refused
	}
	dry, refused := dryRunOf(ctx)
	if refused != nil {
		return refused
	}
	t := resubmission{s: s, b: b, late: ask.late, dry: dry}
	if refused := t.run(ask.ids); refused != nil {
		return refused
	}
	answer(ctx, typeJSON, t.append(answerMemory(ctx)))
	return nil
}

// run takes rejects until they are some megabytes, carries them through, and goes on.
// ENSURES: when it refuses nothing was applied.
func (t *resubmission) run(ids []uint64) *refusal {
	t.asOf = t.b.Engine.Applied()
	seen := make(map[uint64]bool, len(ids))
	var some []*resubmitted
	size := 0
	for place, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		one, refused := t.load(place, id)
		switch {
		case refused != nil && t.received == 0:
			return refused
		case refused != nil:
			t.untried += len(ids) - place + len(some)
			return nil
		case one == nil:
			t.missing++
			continue
		}
		some = append(some, one)
		if size += len(one.text); size < resubmitBytes {
			continue
		}
		if stop, refused := t.groups(some); refused != nil {
			return refused
		} else if stop {
			t.untried += len(ids) - place - 1 // some of them may be unknown; nobody has looked
			return nil
		}
		some, size = nil, 0
	}
	_, refused := t.groups(some)
	return refused
}

// load reads one reject, nil when there is none.
func (t *resubmission) load(place int, id uint64) (one *resubmitted, refused *refusal) {
	_, _, err := t.b.Rejects.List(id-1, 1, func(found uint64, _ uint32, record []byte) bool {
		if found != id {
			return false
		}
		line, text, _ := bytes.Cut(record, []byte{'\n'})
		one = &resubmitted{place: place, id: id, text: bytes.Clone(text)}
		if json.Unmarshal(line, &one.says) != nil {
			one = nil
		}
		return false
	})
	if err != nil {
		t.s.cfg.Logf("%v", err)
		return nil, errInternal
	}
	return one, nil
}

// groups carries rejects through, those that came by one way and zone together. stop says
// that the server took no more of them.
func (t *resubmission) groups(list []*resubmitted) (stop bool, refused *refusal) {
	for len(list) > 0 {
		first := &list[0].says
		alone := strings.HasPrefix(first.Endpoint, batchPaths[ingest.Round]) // a round is put alone
		var group, rest []*resubmitted
		for i, one := range list {
			if i == 0 || !alone && one.says.Endpoint == first.Endpoint && one.says.Zone == first.Zone {
				group = append(group, one)
			} else {
				rest = append(rest, one)
			}
		}
		if refused := t.group(group); refused != nil {
			if t.received == 0 {
				return false, refused
			}
			t.untried += len(list)
			return true, nil
		}
		list = rest
	}
	return false, nil
}

// wayOf is the endpoint of a path of batchPaths, and the round in it.
func wayOf(path string) (endpoint ingest.Endpoint, round []byte, ok bool) {
	for e, p := range batchPaths {
		if name, found := strings.CutPrefix(path, p); found && (name == "") == (e != int(ingest.Round)) {
			return ingest.Endpoint(e), []byte(name), true
		}
	}
	return 0, nil, false
}

// group carries the rejects of one way through.
// ENSURES: when it refuses nothing of them was applied.
func (t *resubmission) group(group []*resubmitted) *refusal {
	endpoint, round, ok := wayOf(group[0].says.Endpoint)
	if !ok {
		return errInternal // a way that this version does not have
	}
	zone, refused := group[0].says.timeZone(t.s)
	if refused != nil {
		return refused
	}
	o := t.s.optionsAt(t.b, endpoint, round, zone)
	r := ingest.AcquireRequest()
	defer ingest.ReleaseRequest(r)
	r.Body = append(r.Body[:0], "\xef\xbb\xbf"...) // or that of the first item would be taken for the body's
	for _, one := range group {
		text := one.text
		if t.late {
			text = withLate(text, endpoint)
		}
		for _, c := range text {
			if c == '\n' || c == '\r' { // between tokens; an array may be written so
				c = ' '
			}
			r.Body = append(r.Body, c)
		}
		r.Body = append(r.Body, '\n')
	}
	if !t.b.Pipeline.Admit(int64(len(r.Body))) {
		return errOverloaded
	}
	defer t.b.Pipeline.Release(int64(len(r.Body)))
	do := t.b.Pipeline.Do
	if t.dry {
		do = t.b.Pipeline.DryRun
	}
	if err := do(r, ingest.FormatNDJSON, o); err != nil {
		return ofPipeline(err)
	}
	if r.Decoded.Received != len(group) {
		panic("api: BUG: rejects that are no items") // not which: they may name somebody
	}
	return t.settle(group, r, &o)
}

// settle forgets those of a group that were taken, and keeps the others with their reasons.
func (t *resubmission) settle(group []*resubmitted, r *ingest.Request, o *ingest.Options) *refusal {
	c := countBatch(&r.Decoded)
	t.received += len(group)
	t.counts.accepted += c.accepted
	t.counts.duplicates += c.duplicates
	t.counts.rejected += c.rejected
	t.counts.flagged += c.flagged
	t.asOf = max(t.asOf, r.Position)
	for row, flags := range r.Decoded.Batch.Flags {
		one := group[indexOf(&r.Decoded, row)]
		flags.Each(func(code string) { t.flags = append(t.flags, resubmitNote{place: one.place, code: code}) })
	}
	refused := refusedItems(r, ingest.FormatNDJSON, o, c.rejected)
	var gone, changed []uint64
	var list []Reject
	for i, one := range group {
		if len(refused) == 0 || refused[0].index != uint32(i) {
			gone = append(gone, one.id)
			continue
		}
		it := &refused[0]
		refused = refused[1:]
		t.errors = append(t.errors, resubmitNote{one.place, one.id, it.code, it.message})
		if says := &one.says; says.Code != it.code || says.Message != it.message {
			says.Code, says.Message = it.code, it.message
			changed = append(changed, one.id)
			list = append(list, Reject{Key: rejectKey(says.Endpoint, says.Code, one.text), Record: says.record(one.text)})
		}
	}
	t.gone = append(t.gone, gone...)
	if t.dry {
		return nil
	}
	_, err := t.b.Rejects.Remove(gone)
	if err == nil {
		err = t.b.Rejects.Replace(changed, list)
	}
	if err != nil {
		t.s.cfg.Logf("%v", err) // they stay, and are duplicates the next time
	}
	return nil
}

// withLate makes an item say that it is late: a scan, where the way in takes others too. One
// that is no JSON object stays as it is.
func withLate(text []byte, endpoint ingest.Endpoint) []byte {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		return text
	}
	open := int(decoder.InputOffset())
	scan, members, from, to := endpoint == ingest.Scans, 0, open, open
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return text
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return text
		}
		members++
		switch end := int(decoder.InputOffset()); {
		case key == "late" && from < to:
			return text // given twice
		case key == "late":
			from, to = end-len(value), end
		case key == "type" && endpoint == ingest.Events:
			scan = string(value) == `"scan"`
		}
	}
	if t, err := decoder.Token(); err != nil || t != json.Delim('}') || !scan {
		return text
	}
	add := "true"
	if from == to {
		add = `"late":true`
		if members > 0 {
			add += ","
		}
	}
	return slices.Concat(text[:from], []byte(add), text[to:])
}

// append writes the answer of a batch, with what became of the rejects.
func (t *resubmission) append(dst []byte) []byte {
	count := func(name string, n int) {
		dst = append(append(append(dst, `,"`...), name...), `":`...)
		dst = appendUint(dst, uint64(n))
	}
	dst = append(dst, `{"received":`...)
	dst = appendUint(dst, uint64(t.received))
	count("accepted", t.counts.accepted)
	count("duplicates", t.counts.duplicates)
	count("rejected", t.counts.rejected)
	dst = append(dst, `,"errors":`...)
	dst = appendNotes(dst, t.errors, errorsMax)
	if len(t.errors) > errorsMax {
		dst = append(dst, `,"errors_truncated":true`...)
	}
	count("flagged", t.counts.flagged)
	dst = append(dst, `,"flags":`...)
	dst = appendNotes(dst, t.flags, flagsMax)
	if len(t.flags) > flagsMax {
		dst = append(dst, `,"flags_truncated":true`...)
	}
	if t.dry {
		dst = append(dst, `,"dry_run":true`...)
	}
	dst = append(dst, `,"resubmitted":[`...)
	for i, id := range t.gone {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendRejectID(dst, id)
	}
	dst = append(dst, ']')
	count("not_found", t.missing)
	if t.untried > 0 {
		count("not_tried", t.untried)
	}
	count("as_of", int(t.asOf))
	return append(dst, "}\n"...)
}

// appendNotes writes errors or flags in the order of the request.
func appendNotes(dst []byte, list []resubmitNote, most int) []byte {
	slices.SortStableFunc(list, func(a, b resubmitNote) int { return a.place - b.place })
	dst = append(dst, '[')
	for i, n := range list[:min(len(list), most)] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"index":`...)
		dst = appendUint(dst, uint64(n.place))
		if n.id != 0 {
			dst = append(dst, `,"reject":`...)
			dst = appendRejectID(dst, n.id)
		}
		dst = append(dst, `,"code":`...)
		dst = appendWord(dst, n.code)
		if n.id != 0 {
			dst = append(dst, `,"message":`...)
			dst = appendString(dst, n.message)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}
