package ingest

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"
)

// packed is a workbook of the XML in a sheet and of that in the shared texts, packed tight.
func packed(t testing.TB, sheet, texts string, more ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	parts := append(slices.Clone(bookParts), sheetPart, `<worksheet xmlns="`+sheetSpace+`">`+sheet+`</worksheet>`, sharedTextsPart, `<sst xmlns="`+sheetSpace+`">`+texts+`</sst>`)
	parts = append(parts, more...)
	for i := 0; i < len(parts); i += 2 {
		to, err := w.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(to, parts[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// peakHeap is by how much the heap grows at the most while run runs.
func peakHeap(run func()) uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	heap := func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64() + sample[1].Value.Uint64()
	}
	runtime.GC()
	before := heap()
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		most := before
		for {
			select {
			case <-stop:
				peak <- most - before
				return
			case <-tick.C:
				most = max(most, heap())
			}
		}
	}()
	run()
	close(stop)
	return <-peak
}

const personRow = `<sheetData><row><c t="inlineStr"><is><t>person</t></is></c></row>`

func TestWorkbooksStayBounded(t *testing.T) {
	// Ensures that each bound refuses a workbook past it before the library sees it, and that the library
	// gets no more than they say.
	if testing.Short() {
		t.Skip("a minute under the race detector")
	}
	n := strings.Repeat
	end := `</sheetData>`
	for name, c := range map[string]struct {
		text []byte
		want error
	}{
		"deep tags":         {packed(t, n("<a>", sheetDepthMax)+n("</a>", sheetDepthMax), ""), errSheet},
		"rows":              {packed(t, personRow+n("<row/>", sheetRowsMax)+end, ""), errSheet},
		"tags of a sheet":   {packed(t, personRow+n("<a/>", sheetTagsMax)+end, ""), errSheetTooLarge},
		"cells of a row":    {packed(t, personRow+"<row>"+n("<c/>", sheetRowCellsMax+1)+"</row>"+end, ""), errSheet},
		"values of a row":   {packed(t, personRow+"<row>"+n("<c><v>1</v></c>", sheetRowFilledMax+1)+"</row>"+end, ""), errSheet},
		"one text":          {packed(t, personRow+"<row><c><v>"+n("x", sheetItemBytesMax+1)+"</v></c></row>"+end, ""), errSheet},
		"a text in pieces":  {packed(t, personRow+"<row><c><v>"+n("x<!-- -->", sheetItemBytesMax+1)+"</v></c></row>"+end, ""), errSheet},
		"one tag":           {packed(t, personRow+"<row"+n(` a="b"`, sheetItemBytesMax/4)+"/>"+end, ""), errSheet},
		"one comment":       {packed(t, personRow+"<!--"+n("x", 2*sheetItemBytesMax)+"-->"+end, ""), errSheet},
		"shared texts":      {packed(t, personRow+end, n("<si/>", sheetItemsMax+1)), errSheetTooLarge},
		"shared tags":       {packed(t, personRow+end, n("<si>"+n("<r/>", 4000)+"</si>", sheetSharedTagsMax/4000+1)), errSheetTooLarge},
		"one shared text":   {packed(t, personRow+end, "<si>"+n("<r><t>xxxxxxxxxxxxxxxx</t></r>", sheetItemBytesMax/16+1)+"</si>"), errSheet},
		"pieces of a text":  {packed(t, personRow+end, "<si>"+n("<r/>", sheetItemTagsMax+1)+"</si>"), errSheet},
		"escapes":           {packed(t, personRow+end, "<si><t>"+n("_x0041_", sheetEscapesMax+1)+"</t></si>"), errSheet},
		"escapes in pieces": {packed(t, personRow+end, "<si>"+n("<r><t>_</t></r> <r><t>x0041_</t></r>", sheetEscapesMax+1)+"</si>"), errSheet},
		"far cells":         {packed(t, personRow+n(`<row><c r="XFD1"><v>1</v></c></row>`, sheetCellsMax/16384+1)+end, ""), errSheetTooLarge},
		"long cells":        {packed(t, personRow+n(`<row>`+n(`<c t="s"><v>0</v></c>`, 512)+`</row>`, 5)+end, "<si><t>"+n("x", sheetItemBytesMax-100)+"</t></si>"), errSheetTooLarge},
		"bytes unpacked":    {packed(t, personRow+n(n(" ", 100_000)+"<a/>", 1400)+end, ""), errSheetTooLarge},
		"another part":      {packed(t, personRow+end, "", "xl/media/a.png", n("\x00", sheetPartBytesMax+1)), errSheetTooLarge},
		"tags of others":    {packed(t, personRow+end, "", "xl/a.xml", n("<a>", sheetOtherTagsMax/2), "xl/b.xml", n("<a>", sheetOtherTagsMax/2)), errSheet},
		"sheets":            {packed(t, personRow+end, "", "xl/a.xml", n("<sheet/>", sheetSheetsMax/2), "xl/b.xml", n("<x:sheet/>", sheetSheetsMax/2)), errSheet},
		"relations":         {packed(t, personRow+end, "", "xl/a.xml", n("<Relationship/>", sheetLinksMax)), errSheet},
		"document type":     {packed(t, personRow+end, "", "xl/a.xml", "<!DOCTYPE a>"), errSheet},
		"the strict words":  {packed(t, personRow+end, n("<si><t>"+n("purl.oclc.org ", 5000)+"</t></si>", sheetStrictBytesMax/70_000+1)), errSheetTooLarge},
		"entries":           {append(archive(t, "a", ""), n("PK\x01\x02", sheetEntriesMax)...), errSheet},
		"bytes":             {make([]byte, MaxSheetBytes+1), errSheetTooLarge},
	} {
		r := &Request{Body: c.text}
		if err := r.decodeWith(checkFast, FormatXLSX, Options{Endpoint: Events, Now: benchNow, People: nobody{}}); err != c.want {
			t.Errorf("%s: got %v; want %v", name, err, c.want)
		}
	}
}

func TestBrokenWorkbooks(t *testing.T) {
	// Ensures that a panic of the library refuses the workbook, and nothing else.
	if err := unbroken(func() error { var none []int; _ = none[len(none)]; return nil }); err != errSheet {
		t.Errorf("got %v; want %v", err, errSheet)
	}
	if err := unbroken(func() error { return ErrEmpty }); err != ErrEmpty {
		t.Errorf("got %v; want %v", err, ErrEmpty)
	}
}

func TestWorkbooksHoldNoDecoder(t *testing.T) {
	// Ensures that a workbook is read, and waited for, before a decoder is taken.
	b := newBench()
	b.start(t, b.config())
	for range cap(b.pipeline.decoders) {
		<-b.pipeline.decoders
	}
	o := Options{Endpoint: Roster, Now: pipelineNow, People: b.engine}
	for _, do := range []func(*Request, Format, Options) error{b.pipeline.Do, b.pipeline.DryRun} {
		if err := do(&Request{Body: []byte("no workbook")}, FormatXLSX, o); err != errSheet {
			t.Errorf("got %v; want %v", err, errSheet)
		}
	}
	for range cap(b.pipeline.decoders) {
		b.pipeline.decoders <- NewDecoder()
	}
}

// largestForm is the form of 100,000 people, no two cells alike. Of the texts that may bear a
// note of how they are read, as a Chinese Excel writes it, as many do as are left for.
func largestForm() (sheet, texts string) {
	var rows, shared strings.Builder
	notes := sheetSharedTagsMax - 2*int(formColumns)*(MaxItems+1) - 1
	text := func(format string, a ...any) {
		fmt.Fprintf(&shared, `<si><t>`+format+`</t>`, a...)
		if notes--; notes >= 0 {
			shared.WriteString(`<phoneticPr fontId="1" type="noConversion"/>`)
		}
		shared.WriteString(`</si>`)
	}
	for _, h := range formHeadings {
		text("%s", h.text)
	}
	rows.WriteString(`<sheetData>`)
	for i := range MaxItems + 1 {
		fmt.Fprintf(&rows, `<row r="%d" spans="1:11">`, i+1)
		for c := range formColumns {
			fmt.Fprintf(&rows, `<c r="%c%d" t="s"><v>%d</v></c>`, 'A'+c, i+1, i*int(formColumns)+int(c))
		}
		rows.WriteString(`</row>`)
		if i == MaxItems {
			break
		}
		for _, cell := range []string{"n", "街", "社", "网", "联", "甲", "性"} {
			text("%s%d", cell, i)
		}
		text("%s", residentID(i))
		text("139%08d", i)
		text("T%d", i)
		text("否%d", i)
	}
	rows.WriteString(`</sheetData>`)
	return rows.String(), shared.String()
}

func packedOf(t testing.TB, parts func() (sheet, texts string)) []byte {
	sheet, texts := parts()
	return packed(t, sheet, texts)
}

func TestSheetMemory(t *testing.T) {
	// Ensures that the form of 100,000 people is read, and that it and the worst workbooks within the bounds
	// take no more memory than stated.
	if testing.Short() {
		t.Skip("builds workbooks of 100 MiB")
	}
	n := strings.Repeat
	sheet := personRow + `<row><c t="s"><v>5</v></c></row></sheetData>`
	for _, c := range []struct {
		name  string
		parts func() (sheet, texts string)
		items int
	}{
		{"the largest form", largestForm, MaxItems},
		{"empty texts", func() (string, string) { return sheet, n("<si><r><t/></r></si>", sheetSharedTagsMax/3-1) }, 0},
		{"read aloud", func() (string, string) {
			rows, _ := largestForm()
			return strings.Replace(rows, `<c r="A1" t="s"><v>0</v>`, `<c r="A1" t="str"><v>x</v>`, 1), n(`<si><t>texttext</t><phoneticPr fontId="1" type="noConversion"/></si>`, sheetSharedTagsMax/3-1)
		}, -1},
		{"pieces", func() (string, string) {
			return sheet, n("<si>"+n("<r><rPr/></r>", 2000)+"</si>", sheetSharedTagsMax/4001)
		}, 0},
		{"long texts", func() (string, string) { return sheet, n("<si><t>"+n("x", 60_000)+"</t></si>", 2100) }, 1},
	} {
		r := &Request{Body: packedOf(t, c.parts)}
		var err error
		o := Options{Endpoint: Roster, Now: benchNow, People: nobody{}}
		took := peakHeap(func() { err = r.decodeWith(checkFast, FormatXLSX, o) })
		if c.items >= 0 && (c.items > 0 && err != nil || c.items == 0 && err != ErrEmpty || r.Decoded.Received != c.items) {
			t.Errorf("%s: got %d items, %v; want %d", c.name, r.Decoded.Received, err, c.items)
		}
		if t.Logf("%s: %d MiB", c.name, took>>20); took > SheetMemoryBytes {
			t.Errorf("%s: got %d bytes of memory; want at most %d", c.name, took, SheetMemoryBytes)
		}
	}
}
