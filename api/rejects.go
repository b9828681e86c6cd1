package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
	"poolwise/ingest"
)

// What the ways to rejects refuse, beside the catalogue in errors.go.
var (
	errRejectsBody     = &refusal{status: 400, code: "bad_encoding", message: "The body must be an object with the field rejects, an array of ids such as J17; a resubmission may say late, true or false."}
	errRejectID        = &refusal{status: 400, code: "field_invalid", message: "A reject's id is J and a number, as GET /v1/rejects shows it."}
	errTooManyRejects  = &refusal{status: 413, code: "too_many_items", message: "One request may name at most 10,000 rejects."}
	errRejectsTooLarge = &refusal{status: 413, code: "body_too_large", message: "The body is larger than 1 MiB."}
)

// batchPaths are the ways in, as a reject tells which one it came by; a round's name follows.
var batchPaths = [...]string{
	ingest.Events: "/v1/events", ingest.Scans: "/v1/scans", ingest.Results: "/v1/results", ingest.Areas: "/v1/areas",
	ingest.Sites: "/v1/sites", ingest.Labs: "/v1/labs", ingest.Round: "/v1/rounds/", ingest.Roster: "/v1/roster",
}

// rejectSays is what is kept of a refused item beside its text. A record is this as one line
// of JSON, then the text exactly as it came, or its beginning when it is too long for any item.
type rejectSays struct {
	At         string  `json:"at"`
	Endpoint   string  `json:"endpoint"`
	Zone       string  `json:"zone,omitempty"` // of its times without an offset
	Code       string  `json:"code"`
	Message    string  `json:"message"`
	Credential *string `json:"credential"`
	ItemBytes  int     `json:"item_bytes,omitempty"` // only when not all of the text is kept
}

func (m *rejectSays) record(text []byte) []byte {
	line, err := json.Marshal(m)
	if err != nil {
		panic("api: BUG: " + err.Error())
	}
	return append(append(line, '\n'), text...)
}

// rejectKey is the same for the same text refused for the same reason at the same place.
func rejectKey(endpoint, code string, text []byte) []byte {
	h := sha256.New()
	for _, part := range [2]string{endpoint, code} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	h.Write(text)
	return h.Sum(nil)
}

// refusedItem is one of a request that was refused for its form, or by the rules.
type refusedItem struct {
	index         uint32
	row           int // of the batch, when it was the rules
	text          []byte
	code, message string
}

const noRow = -1

// refusedItems lists all items of a request that were refused, in its order. Of most the
// decoder told the reason; past the first thousand it is asked again.
func refusedItems(r *ingest.Request, f ingest.Format, o *ingest.Options, rejected int) []refusedItem {
	d := &r.Decoded
	list := make([]refusedItem, 0, rejected)
	next := uint32(0)
	gap := func(end uint32) {
		for ; next < end; next++ {
			list = append(list, refusedItem{index: next, row: noRow})
		}
	}
	for row, outcome := range d.Batch.Outcome {
		index := indexOf(d, row)
		gap(index)
		if next++; outcome.Refused() {
			list = append(list, refusedItem{index: index, row: row, code: outcome.Code()})
		}
	}
	gap(uint32(d.Received))

	want := make([]uint32, len(list))
	for i := range list {
		want[i] = list[i].index
	}
	i := 0
	ingest.Items(f, r.Body, want, func(_ uint32, text []byte) {
		list[i].text = text
		i++
	})
	tellReasons(list, r, f, o)
	return list
}

// tellReasons fills in codes and sentences.
func tellReasons(list []refusedItem, r *ingest.Request, f ingest.Format, o *ingest.Options) {
	form := r.Decoded.Errors
	var untold []*refusedItem
	var texts [][]byte
	var quoted []byte
	for i := range list {
		it := &list[i]
		switch {
		case it.row != noRow:
			quoted = appendRefusal(quoted[:0], &r.Decoded.Batch, it.row)
			if json.Unmarshal(quoted, &it.message) != nil {
				panic("api: BUG: a refusal that is no string") // not which: it may name somebody
			}
		case len(form) > 0 && form[0].Index == it.index:
			it.code, it.message = string(form[0].Code), form[0].Message
			form = form[1:]
		default:
			untold, texts = append(untold, it), append(texts, it.text)
		}
	}
	ingest.Faults(f, *o, texts, func(e *ingest.ItemError) {
		it := untold[0]
		untold = untold[1:]
		if e != nil {
			it.code, it.message = string(e.Code), e.Message
		}
	})
}

// keepRejects keeps the items of a request that were refused, before the request is answered.
func (s *Server) keepRejects(b *Backend, r *ingest.Request, f ingest.Format, o *ingest.Options) *refusal {
	if b.Rejects == nil {
		return nil
	}
	says := rejectSays{Endpoint: batchPaths[o.Endpoint] + string(o.Round)}
	if o.Zone != nil {
		says.Zone = o.Zone.String()
	}
	at := s.zone.appendUnix(nil, o.Now)
	says.At = string(at[1 : len(at)-1])
	classes := retention{engine: b.Engine, at: engine.FromUnix(o.Now)}
	var list []Reject
	size := 0
	for _, it := range refusedItems(r, f, o, countBatch(&r.Decoded).rejected) {
		text := it.text
		says.Code, says.Message, says.ItemBytes = it.code, it.message, 0
		if len(text) > rejectItemBytesMax {
			says.ItemBytes, text = len(text), text[:rejectItemBytesMax]
		}
		list = append(list, Reject{Class: classes.of(text), Key: rejectKey(says.Endpoint, it.code, it.text), Record: says.record(text)})
		if size += len(list[len(list)-1].Record); size >= rejectsAddBytes {
			if refused := s.addRejects(b, list); refused != nil {
				return refused
			}
			list, size = list[:0], 0
		}
	}
	return s.addRejects(b, list)
}

func (s *Server) addRejects(b *Backend, list []Reject) *refusal {
	if len(list) == 0 {
		return nil
	}
	if err := b.Rejects.Add("", list); err != nil {
		s.cfg.Logf("%v", err)
		return errInternal
	}
	return nil
}

// retention tells the round that an item is kept under: the one it names, where that is
// known, else the one that is open now. A name that nobody has put is anybody's invention,
// and must not make a class.
type retention struct {
	engine *engine.Engine
	at     engine.Seconds
	open   string            // the round of items that name none
	named  map[string]string // of those that name one that is known
}

func (c *retention) of(text []byte) string {
	if bytes.Contains(text, []byte(`"round"`)) {
		var item struct{ Round string }
		if json.Unmarshal(text, &item) == nil && ingest.IsName([]byte(item.Round)) {
			if class, ok := c.named[item.Round]; ok {
				return class
			}
			if _, known := c.engine.Round(item.Round, c.at); known {
				if c.named == nil {
					c.named = map[string]string{}
				}
				c.named[item.Round] = c.engine.Retention([]byte(item.Round), c.at)
				return c.named[item.Round]
			}
		}
	}
	if c.open == "" {
		c.open = c.engine.Retention(nil, c.at)
	}
	return c.open
}

// getRejects lists what was refused and waits for somebody, in the order it came.
func (s *Server) getRejects(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	if b.Rejects == nil {
		return errNotFound
	}
	args := ctx.QueryArgs()
	limit, refused := limitOf(args)
	if refused != nil {
		return refused
	}
	after := uint64(0)
	if text := args.Peek("after"); len(text) > 0 {
		var ok bool
		if after, ok = parseRejectID(string(text)); !ok {
			return errAfter
		}
	}
	code := string(args.Peek("code"))
	body := listMemory()
	last, more, err := b.Rejects.List(after, listLimitMax, func(id uint64, times uint32, record []byte) bool {
		line, text, _ := bytes.Cut(record, []byte{'\n'})
		if code == "" || codeOf(line) == code {
			body = appendReject(body, id, times, line, text)
			limit--
		}
		return limit > 0 && len(body) < rejectsPageBytes
	})
	if err != nil {
		s.cfg.Logf("%v", err)
		return errInternal
	}
	if more {
		ctx.Response.Header.Set("X-Next-After", "J"+strconv.FormatUint(last, 10))
	}
	return answerLines(ctx, "rejects", body)
}

func codeOf(line []byte) string {
	var m struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(line, &m) != nil {
		return ""
	}
	return m.Code
}

func appendRejectID(dst []byte, id uint64) []byte {
	dst = append(dst, `"J`...)
	return append(appendUint(dst, id), '"')
}

func parseRejectID(text string) (id uint64, ok bool) {
	digits, ok := strings.CutPrefix(text, "J")
	if !ok || digits == "" || digits[0] < '1' || digits[0] > '9' {
		return 0, false
	}
	id, err := strconv.ParseUint(digits, 10, 64)
	return id, err == nil
}

// appendReject writes one line. What was no JSON object is shown as a string; what in it is
// no UTF-8 is replaced there.
func appendReject(dst []byte, id uint64, times uint32, line, text []byte) []byte {
	dst = append(dst, `{"reject":`...)
	dst = append(appendRejectID(dst, id), ',')
	dst = append(dst, line[1:len(line)-1]...)
	dst = append(dst, `,"times":`...)
	dst = appendUint(dst, uint64(times))
	dst = append(dst, `,"item":`...)
	if first := bytes.TrimLeft(text, " \t\r\n"); len(first) > 0 && first[0] == '{' && utf8.Valid(text) && json.Valid(text) {
		w := bytes.NewBuffer(dst)
		if json.Compact(w, text) == nil {
			return append(w.Bytes(), "}\n"...)
		}
	}
	dst = appendString(dst, text)
	return append(dst, "}\n"...)
}

// dismissRejects forgets what nobody wants to have carried through.
func (s *Server) dismissRejects(b *Backend, ctx *fasthttp.RequestCtx, _ []byte) *refusal {
	if b.Rejects == nil {
		return errNotFound
	}
	switch dry, refused := dryRunOf(ctx); {
	case refused != nil:
		return refused
	case dry:
		return errDryDismissal
	}
	ask, refused := readRejectsAsk(ctx, false)
	if refused != nil {
		return refused
	}
	n, err := b.Rejects.Remove(ask.ids)
	if err != nil {
		s.cfg.Logf("%v", err)
		return errInternal
	}
	body := append(answerMemory(ctx), `{"dismissed":`...)
	answer(ctx, typeJSON, append(appendUint(body, uint64(n)), "}\n"...))
	return nil
}

// timeZone finds the zone that a reject came with again.
func (m *rejectSays) timeZone(s *Server) (*time.Location, *refusal) {
	if m.Zone == "" {
		return nil, nil
	}
	return s.zoneNamed([]byte(m.Zone))
}
