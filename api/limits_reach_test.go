package api

import (
	"archive/zip"
	"bytes"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"poolwise/engine"
)

func TestXLSXEndsWithLongTexts(t *testing.T) {
	// Ensures that a roster form of fewer people than may be on one ends where its texts become
	// too long, that its sheet stays below that bound, and that the next page goes on without a gap.
	const people, most = 9000, 24 << 20
	e := engine.New(engine.DefaultConfig(), heapPages{})
	batch := &engine.Batch{Roles: engine.RoleAll, Contexts: make([]engine.Context, 1)}
	item := profile(engine.FieldArea, "99010100100101")
	for i := range people {
		batch.Add(engine.KindRoster, 0, engine.NoTube, engine.ResidentRef(99010119900000000+uint64(i)), 0, 0, 0, batch.Put(item))
	}
	batch.Add(engine.KindRound, 0, engine.NoTube, 0, 0, 0, 0, batch.Put(profile(engine.FieldKey, "R1")))
	var out engine.Changes
	e.Apply(1, []*engine.Batch{batch}, &out)
	long := strings.Repeat(`"&`, 50)
	fields, book := profile(engine.FieldName, long, engine.FieldPhone, long, engine.FieldLiaison, long, engine.FieldTube, long), profileBook{}
	for i := range people {
		book[engine.PersonOrdinal(i+1)] = fields
	}
	s, back := New(Config{}), &Backend{Engine: e, Profiles: book}
	rows, pages := 0, 0
	for after, more := "", true; more; pages++ {
		ctx := &fasthttp.RequestCtx{}
		ctx.Init2(&watchedConn{}, nil, false)
		ctx.Request.SetRequestURI("/v1/rounds/R1/missing?limit=" + strconv.Itoa(people) + "&after=" + after)
		ctx.Request.Header.Set("Accept", typeXLSX)
		if refused := s.getMissing(back, ctx, []byte("R1")); refused != nil {
			t.Fatal(refused)
		}
		xml := sheetXML(t, ctx.Response.Body())
		if len(xml) > most {
			t.Errorf("page %d: got a sheet of %d bytes; want at most %d", pages, len(xml), most)
		}
		if more = len(ctx.Response.Header.Peek("X-Next-After")) > 0; more && len(xml) < most/2 {
			t.Errorf("page %d: ended at %d bytes", pages, len(xml))
		}
		rows += bytes.Count(xml, []byte("<row ")) - 1
		after = string(ctx.Response.Header.Peek("X-Next-After"))
		if want := strconv.Itoa(rows) + "." + strconv.Itoa(rows); more && after != want {
			t.Fatalf("page %d: goes on after %s; want %s", pages, after, want)
		}
	}
	if rows != people || pages != 2 {
		t.Errorf("got %d people on %d forms; want %d on 2", rows, pages, people)
	}
}

// sheetXML is the only sheet of a spreadsheet as it stands in the file.
func sheetXML(t *testing.T, body []byte) (xml []byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("xl/worksheets/sheet1.xml")
	if err == nil {
		xml, err = io.ReadAll(f)
	}
	if err != nil {
		t.Fatal(err)
	}
	return xml
}
