package api

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// Lists are written as NDJSON, whatever is asked for, and then turned into the form that
// Accept names: so all forms say the same.

const (
	typeCSV  = "text/csv; charset=utf-8"
	typeXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// listForm is how a list goes out.
type listForm uint8

const (
	formNDJSON listForm = iota
	formCSV
	formXLSX
)

// answerLines sends the lines of a list, NDJSON as they are, or in the form that Accept
// asks for. The list names its columns, see listColumns.
func answerLines(ctx *fasthttp.RequestCtx, list string, body []byte) *refusal {
	form, refused := formOf(ctx, false)
	if refused != nil {
		return refused
	}
	if form == formCSV {
		answerCSV(ctx, list, body)
	} else {
		answer(ctx, typeNDJSON, body)
	}
	return nil
}

// formOf reads Accept: of the forms that there are the one named first. A reader who
// names none of them gets NDJSON, but not one who asks for a spreadsheet in vain.
func formOf(ctx *fasthttp.RequestCtx, xlsx bool) (listForm, *refusal) {
	vain := false
	for _, accept := range ctx.Request.Header.PeekAll("Accept") {
		for part := range bytes.SplitSeq(accept, []byte{','}) {
			name, params, _ := bytes.Cut(part, []byte{';'})
			form, known := formNamed(bytes.TrimSpace(name))
			switch {
			case !known || barred(params):
			case form == formXLSX && !xlsx:
				vain = true
			default:
				return form, nil
			}
		}
	}
	if vain {
		return 0, errNotAcceptable
	}
	return formNDJSON, nil
}

func formNamed(name []byte) (form listForm, known bool) {
	is := func(s string) bool { return bytes.EqualFold(name, []byte(s)) }
	switch {
	case is("*/*"), is(typeNDJSON), is(typeJSON), is("application/*"):
		return formNDJSON, true
	case is("text/csv"), is("text/*"):
		return formCSV, true
	case is(typeXLSX):
		return formXLSX, true
	}
	return 0, false
}

// barred tells whether parameters say q=0: anything but this. Other weights are not looked at.
func barred(params []byte) bool {
	for p := range bytes.SplitSeq(params, []byte{';'}) {
		name, value, _ := bytes.Cut(bytes.TrimSpace(p), []byte{'='})
		if bytes.EqualFold(name, []byte("q")) {
			return len(value) > 0 && value[0] == '0' && len(bytes.Trim(value, "0.")) == 0
		}
	}
	return false
}

// answerCSV sends a list as a table. REQUIRES: body is listMemory.
func answerCSV(ctx *fasthttp.RequestCtx, list string, body []byte) {
	table := appendCSV(listMemory(), list, body)
	body = body[:0]
	largeAnswers.Put(&body)
	answer(ctx, typeCSV, table)
}
