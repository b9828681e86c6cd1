package api

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
)

// archive makes a zip of parts, each with what it holds; of a part named twice both stand.
func archive(parts ...string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		f, err := w.Create(parts[i])
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(f, parts[i+1])
	}
	_ = w.Close()
	return b.String()
}

const (
	sheetHeader = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`
	sheetName   = "xl/worksheets/sheet1.xml"
)

// workbook makes a workbook around the XML of its rows; more parts may follow.
func workbook(rows string, more ...string) string {
	return archive(append([]string{
		"[Content_Types].xml", sheetHeader + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`,
		"_rels/.rels", sheetHeader + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml", sheetHeader + `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", sheetHeader + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		sheetName, sheetHeader + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + rows + `</sheetData></worksheet>`,
	}, more...)...)
}

// textRow is a row of texts.
func textRow(n int, cells ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<row r="%d">`, n)
	for i, c := range cells {
		fmt.Fprintf(&b, `<c r="%c%d" t="inlineStr"><is><t>%s</t></is></c>`, 'A'+i, n, c)
	}
	return b.String() + "</row>"
}

func TestHostileWorkbooks(t *testing.T) {
	// Ensures what archives of rubbish get: no more of them is unpacked than a workbook may have.
	if testing.Short() {
		t.Skip("a minute under the race detector")
	}
	h := open(t, nil).ready()
	head := textRow(1, "受检对象姓名", "身份证号")
	good := head + textRow(2, "测试甲", ada)
	n := strings.Repeat
	entries := make([]string, 0, 200_000)
	for i := range 100_000 {
		entries = append(entries, fmt.Sprint("x", i), "")
	}
	locked := []byte(workbook(good))
	for i := 0; i+8 < len(locked); i++ { // flag bit 0 of every entry: encrypted
		switch string(locked[i : i+4]) {
		case "PK\x03\x04":
			locked[i+6] |= 1
		case "PK\x01\x02":
			locked[i+8] |= 1
		}
	}
	liar := []byte(workbook(good))
	for i := 0; i+28 < len(liar); i++ { // every entry says that it unpacks to four bytes
		if string(liar[i:i+4]) == "PK\x01\x02" {
			binary.LittleEndian.PutUint32(liar[i+24:], 4)
		}
	}
	for _, c := range []struct{ name, body, want string }{
		{"a workbook", workbook(good), "200: 1 accepted, 0 rejected"},
		{"no zip", "name,person\n", "400 bad_encoding"},
		{"half a zip", workbook(good)[:600], "400 bad_encoding"},
		{"a zip and rubbish", workbook(good) + n("x", 1000), "200: 1 accepted, 0 rejected"},
		{"an archive of nothing", archive(), "400 bad_encoding"},
		{"an archive without a workbook", archive("hello.txt", "hello"), "400 bad_encoding"},
		{"100,000 entries", archive(entries...), "400 bad_encoding"},
		{"entries that say they are encrypted", string(locked), "200: 1 accepted, 0 rejected"},
		{"encrypted by its program", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + n("\x00", 5000), "400 bad_encoding"},
		{"entries that lie about their size", string(liar), "400 bad_encoding"},
		{"a bomb of 260 MiB of blanks", workbook(head + n(" ", 260<<20) + textRow(2, "测试甲", ada)), "400 bad_encoding"},
		{"a bomb of rows", workbook(good + n(`<row/>`, 1<<20)), "400 bad_encoding"},
		{"a bomb in a part nobody reads", workbook(good, "xl/media/image1.png", n("\x00", 30<<20)), "413 body_too_large"},
		{"shared texts that nobody names", workbook(good, "xl/sharedStrings.xml", "<sst>"+n("<si><t>x</t></si>", 2_100_000)+"</sst>"), "413 body_too_large"},
		{"17 MiB of an archive", workbook(good) + n("x", 17<<20), "413 body_too_large"},
		{"a path upwards", archive("../../../../tmp/x", "x", "/etc/passwd", "x", "xl/../../x", "x"), "400 bad_encoding"},
		{"a part named twice", workbook(good, sheetName, n("x", 100)), "400 bad_encoding"},
		{"entities that grow", archive("xl/workbook.xml", `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>`), "400 bad_encoding"},
		{"entities of a file", workbook(`<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>` + head + textRow(2, "&a;", ada)), "400 bad_encoding"},
		{"a tag of 1 MiB", workbook("<row " + n(`x="y" `, 200_000) + ">"), "400 bad_encoding"},
		{"tags 100,000 deep", workbook(n("<row>", 100_000)), "400 bad_encoding"},
		{"a row past the last", workbook(head + strings.ReplaceAll(textRow(2, "测试甲", ada), `"2"`, `"99999999999"`)), "400 bad_encoding"},
		{"rows in no order", workbook(textRow(9, "受检对象姓名", "身份证号") + textRow(2, "测试甲", ada)), "400 bad_encoding"},
		{"a column past the last", workbook(head + `<row r="2"><c r="ZZZZZ2"><v>1</v></c></row>`), "400 bad_encoding"},
		{"a shared text that is none", workbook(head + `<row r="2"><c r="A2" t="s"><v>4000000000</v></c><c r="B2" t="s"><v>-1</v></c></row>`), "400 empty_batch"},
		{"a cell of 10 MiB", workbook(head + textRow(2, n("x", 10<<20), ada)), "400 bad_encoding"},
		{"an ID that is a number", workbook(head + `<row r="2"><c r="A2" t="inlineStr"><is><t>测试甲</t></is></c><c r="B2"><v>9.9010119900307E+17</v></c></row>`), "200: 0 accepted, 1 rejected, person_invalid"},
		{"no row of headings", workbook(textRow(1, "a", "b")), "400 bad_encoding"},
		{"no rows", workbook(""), "400 bad_encoding"},
		{"only headings", workbook(head), "400 empty_batch"},
		{"200,000 people", workbook(head + n(`<row><c t="inlineStr"><is><t>测试甲</t></is></c><c t="inlineStr"><is><t>x</t></is></c></row>`, 200_000)), "413 too_many_items"},
		{"formulas", workbook(head + `<row r="2"><c r="A2"><f>HYPERLINK("http://x")</f><v>1</v></c><c r="B2" t="str"><f>A1</f><v>` + ada + `</v></c></row>`), "200: 1 accepted, 0 rejected"},
	} {
		if got := h.batch("/v1/roster", c.body, "Content-Type: "+mediaXLSX); got != c.want {
			t.Errorf("%s: got %s; want %s", c.name, got, c.want)
		}
		h.settled(c.name)
	}
	if got := h.batch("/v1/roster", gzipped(workbook(good)), "Content-Type: "+mediaXLSX, "Content-Encoding: gzip"); got != "200: 1 accepted, 0 rejected" {
		t.Errorf("a workbook packed once more: got %s", got)
	}
	h.wantCode("POST", "/v1/scans", workbook(good), 415, "unsupported_media_type", "Content-Type: "+mediaXLSX)
	h.healthy("at the end")
}

func TestHostileCSV(t *testing.T) {
	// Ensures what tables of rubbish get.
	h := open(t, nil).ready()
	n := strings.Repeat
	head, row := "tube,person,at\n", "T1,"+ada+",2022-04-04T08:00:00+08:00\n"
	for _, c := range []struct{ name, charset, body, want string }{
		{"a table", "", head + row, "200: 1 accepted, 0 rejected"},
		{"a table in GB 18030", "gbk", head + row, "200: 1 accepted, 0 rejected"},
		{"an unknown charset", "ebcdic", head + row, "415 unsupported_media_type"},
		{"charset of rubbish", "\"", head + row, "415 unsupported_media_type"},
		{"100,000 columns", "", n("x,", 100_000) + "tube,person,at\n" + row, "400 bad_encoding"},
		{"a row of 100,000 cells", "", head + n("x,", 30_000) + "\n" + row, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"a row of 10 million cells", "", head + n(",", 10_000_000) + "\n" + row, "200: 1 accepted, 0 rejected"},
		{"a cell of 60 MiB", "", head + "T1," + n("x", 60<<20) + ",\n" + row, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"a quoted cell of 60 MiB", "", head + "T1,\"" + n("x\n", 30<<20) + "\",\n" + row, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"a quote never closed", "", head + row + "\"T2," + ada + ",\n" + row, "400 bad_encoding"},
		{"a quote never closed, 60 MiB", "", head + "\"" + n(row, 900_000), "400 bad_encoding"},
		{"quotes alone", "", head + n("\"", 1_000_001) + "\n", "400 bad_encoding"},
		{"text after a quote", "", head + "\"T1\"x," + ada + ",2022-04-04T08:00:00+08:00\n" + row, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"a heading twice", "", "tube,tube,person,at\nT1,T1," + ada + ",\n", "400 bad_encoding"},
		{"no known heading", "", "a,b,c\n1,2,3\n", "400 bad_encoding"},
		{"no heading", "", row, "400 bad_encoding"},
		{"only headings", "", head, "400 empty_batch"},
		{"empty", "", "", "400 empty_batch"},
		{"blank lines", "", n("\n", 1000), "400 empty_batch"},
		{"NUL", "", head + "T1\x00," + ada + ",2022-04-04T08:00:00+08:00\n" + row, "200: 1 accepted, 1 rejected, field_invalid"},
		{"NULs alone", "", n("\x00", 1000), "400 bad_encoding"},
		{"not UTF-8", "", head + "T\xff," + ada + ",2022-04-04T08:00:00+08:00\n" + row, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"not GB 18030", "gbk", head + "T\xff," + ada + ",2022-04-04T08:00:00+08:00\n" + row, "200: 1 accepted, 1 rejected, bad_syntax"},
		{"UTF-16", "", utf16Text(head+row, "\xff\xfe"), "200: 1 accepted, 0 rejected"},
		{"half a unit of UTF-16", "", utf16Text(head+row, "\xff\xfe") + "x", "200: 1 accepted, 1 rejected, bad_syntax"},
		{"old Mac line ends", "", strings.ReplaceAll(head+row, "\n", "\r"), "200: 1 accepted, 0 rejected"},
		{"code of a spreadsheet", "", head + "=cmd|'/C calc'!A0," + ada + ",2022-04-04T08:00:00+08:00\n" + row, "200: 1 accepted, 1 rejected, field_invalid"},
		{"JSON in a cell", "", head + `"T1"",""mode"":""single",` + ada + ",2022-04-04T08:00:00+08:00\n" + row, "200: 1 accepted, 1 rejected, field_invalid"},
		{"100,001 rows", "", head + n(row, 100_001), "413 too_many_items"},
		{"100,000 rows of commas", "", head + n(",,\n", 100_000), "400 empty_batch"},
	} {
		media := mediaCSV
		if c.charset != "" {
			media += "; charset=" + c.charset
		}
		if got := h.batch("/v1/scans", c.body, "Content-Type: "+media); got != c.want {
			t.Errorf("%s: got %s; want %s", c.name, got, c.want)
		}
		h.settled(c.name)
	}
	h.healthy("at the end")
}
