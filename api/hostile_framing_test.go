package api

import (
	"fmt"
	"strings"
	"testing"
)

// inner is a request that hides in a body: it must never be carried out.
var inner = announced(scan("SMUGGLED", ada, "04T08:00:00"))

func TestHostileFraming(t *testing.T) {
	// Ensures that a body that two readers could measure differently is refused and its
	// connection closed, or is read in the one way that RFC 9112 leaves.
	h := open(t, nil).ready()
	line := scan("T1", "passport:USA:560018301", "04T08:00:00")
	n := len(line)
	length := fmt.Sprintf("Content-Length: %d\r\n", n)
	chunked := batchHead + "Transfer-Encoding: chunked\r\n\r\n"
	one := fmt.Sprintf("%x\r\n%s\r\n", n, line)
	h.hostile([]hostileCase{
		{"Content-Length twice, the same", batchHead + length + length + "\r\n" + line, "400 bad_request; closed"},
		{"Content-Length twice, different", batchHead + length + "Content-Length: 5\r\n\r\n" + line, "400 bad_request; closed"},
		{"Content-Length as a list", batchHead + fmt.Sprintf("Content-Length: %d, %d\r\n\r\n", n, n) + line, "400 bad_request; closed"},
		{"Content-Length negative", batchHead + "Content-Length: -1\r\n\r\n" + line, "400 bad_request; closed"},
		{"Content-Length with a plus", batchHead + fmt.Sprintf("Content-Length: +%d\r\n\r\n", n) + line, "400 bad_request; closed"},
		{"Content-Length in hex", batchHead + fmt.Sprintf("Content-Length: 0x%x\r\n\r\n", n) + line, "400 bad_request; closed"},
		{"Content-Length past 64 bits", batchHead + "Content-Length: 99999999999999999999999\r\n\r\n" + line, "400 bad_request; closed"},
		{"Content-Length empty", batchHead + "Content-Length: \r\n\r\n" + line, "400 bad_request; closed"},
		{"blank before the colon", batchHead + fmt.Sprintf("Content-Length : %d\r\n\r\n", n) + line, "400 bad_request; closed"},
		{"Content-Length and chunks", batchHead + length + "Transfer-Encoding: chunked\r\n\r\n" + one + "0\r\n\r\n", "200; closed"},
		{"chunks and Content-Length", batchHead + "Transfer-Encoding: chunked\r\n" + length + "\r\n" + one + "0\r\n\r\n", "200; closed"},
		{"Transfer-Encoding twice", batchHead + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + one + "0\r\n\r\n", "400 bad_request; closed"},
		{"Transfer-Encoding twice, different", batchHead + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + one + "0\r\n\r\n", "400 bad_request; closed"},
		{"Transfer-Encoding unknown", batchHead + "Transfer-Encoding: xchunked\r\n\r\n" + one + "0\r\n\r\n", "400 bad_request; closed"},
		{"gzip, chunked", batchHead + "Transfer-Encoding: gzip, chunked\r\n\r\n" + one + "0\r\n\r\n", "400 bad_request; closed"},
		{"chunked, identity", batchHead + "Transfer-Encoding: chunked, identity\r\n\r\n" + one + "0\r\n\r\n", "400 bad_request; closed"},
		{"Transfer-Encoding: identity", batchHead + "Transfer-Encoding: identity\r\n\r\n" + inner, "400 bad_request; closed"},
		{"identity with a length", batchHead + "Transfer-Encoding: identity\r\n" + length + "\r\n" + line, "400 bad_request; closed"},
		{"chunked with a tab", batchHead + "Transfer-Encoding:\tchunked\r\n\r\n" + one + "0\r\n\r\n", "200; on"},
		{"chunked with a vertical tab", batchHead + "Transfer-Encoding: \vchunked\r\n\r\n" + one + "0\r\n\r\n", "400 bad_request; closed"},
		{"chunked in capitals", batchHead + "Transfer-Encoding: CHUNKED\r\n\r\n" + one + "0\r\n\r\n", "200; on"},
		{"chunks of HTTP/1.0", strings.Replace(chunked, "HTTP/1.1", "HTTP/1.0", 1) + one + "0\r\n\r\n", "400 bad_request; closed"},
		{"chunk extension", chunked + fmt.Sprintf("%x;name=value\r\n%s\r\n0;x\r\n\r\n", n, line), "200; on"},
		{"chunk extension of 1 MiB", chunked + fmt.Sprintf("%x;%s\r\n%s\r\n0\r\n\r\n", n, strings.Repeat("x", 1<<20), line), "200; on"},
		{"chunk extension with a bare LF", chunked + fmt.Sprintf("%x;x\n%s\r\n0\r\n\r\n", n, line), "400 body_incomplete; closed"},
		{"chunk size past 64 bits", chunked + "fffffffffffffffff\r\n" + line + "\r\n0\r\n\r\n", "400 body_incomplete; closed"},
		{"chunk size of 2^60-1", chunked + "fffffffffffffff\r\n" + strings.Repeat(line, 900_000), "413 body_too_large; closed"},
		{"chunk size negative", chunked + "-1\r\n" + line + "\r\n0\r\n\r\n", "400 body_incomplete; closed"},
		{"chunk size with a plus", chunked + fmt.Sprintf("+%x\r\n%s\r\n0\r\n\r\n", n, line), "400 body_incomplete; closed"},
		{"chunk size with 0x", chunked + fmt.Sprintf("0x%x\r\n%s\r\n0\r\n\r\n", n, line), "400 body_incomplete; closed"},
		{"chunk size of rubbish", chunked + "xyz\r\n" + line + "\r\n0\r\n\r\n", "400 body_incomplete; closed"},
		{"chunk size empty", chunked + "\r\n" + line + "\r\n0\r\n\r\n", "400 body_incomplete; closed"},
		{"chunk size with zeros ahead", chunked + fmt.Sprintf("%012x\r\n%s\r\n0\r\n\r\n", n, line), "200; on"},
		{"chunk longer than it says", chunked + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", n-5, line), "400 body_incomplete; closed"},
		{"chunk shorter than it says", chunked + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", n+5, line), "400 body_incomplete; closed"},
		{"chunk ended by a bare LF", chunked + fmt.Sprintf("%x\r\n%s\n0\r\n\r\n", n, line), "400 body_incomplete; closed"},
		{"trailers", chunked + one + "0\r\nX-Sum: 1\r\n\r\n", "200; on"},
		{"a length among trailers", chunked + one + "0\r\nContent-Length: 5\r\n\r\n", "400 body_incomplete; closed"},
		{"a trailer larger than a header may be", chunked + one + "0\r\nX: " + strings.Repeat("x", 20_000) + "\r\n\r\n", "400 body_incomplete; closed"},
	})
	if got := h.engine.Counts().People; got != 2 {
		t.Errorf("got %d people; want those of line and of healthy", got)
	}
}

func TestHostileHeaders(t *testing.T) {
	// Ensures that headers that two readers could read differently are refused.
	h := open(t, nil).ready()
	get := "GET /readyz HTTP/1.1\r\n"
	h.hostile([]hostileCase{
		{"folded header", get + "Host: x\r\nX: a\r\n b\r\n\r\n", "400 bad_request; closed"},
		{"fold ahead of all", get + " X: a\r\nHost: x\r\n\r\n", "400 bad_request; closed"},
		{"folded Transfer-Encoding", batchHead + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", "400 bad_request; closed"},
		{"folded Content-Length", batchHead + "Content-Length: 5\r\n 0\r\n\r\n{}\n{}", "400 bad_request; closed"},
		{"no colon", get + "Host: x\r\nnonsense\r\n\r\n", "400 bad_request; closed"},
		{"no name", get + "Host: x\r\n: x\r\n\r\n", "400 bad_request; closed"},
		{"blank in a name", get + "Host: x\r\nX Y: x\r\n\r\n", "200; on"},
		{"NUL in a value", get + "Host: x\r\nX: a\x00b\r\n\r\n", "400 bad_request; closed"},
		{"NUL in a name", get + "Host: x\r\nX\x00: a\r\n\r\n", "400 bad_request; closed"},
		{"CR in a value", get + "Host: x\r\nX: a\rb\r\n\r\n", "400 bad_request; closed"},
		{"CR in a name", get + "Host: x\r\nX\rY: a\r\n\r\n", "400 bad_request; closed"},
		{"bare LF ends a header", get + "Host: x\nX: a\r\n\r\n", "400 bad_request; closed"},
		{"bare LF ends the request line", "GET /readyz HTTP/1.1\nHost: x\r\n\r\n", "200; on"},
		{"bare LF ends the headers", get + "Host: x\r\n\n", "400 bad_request; closed"},
		{"all lines end with bare LF", "GET /readyz HTTP/1.1\nHost: x\n\n", "400 bad_request; closed"},
		{"bare LF hides a request", get + "Host: x\r\nX: a\n\n" + inner, "400 bad_request; closed"},
		{"bytes above 127", get + "Host: x\r\nX: \xff\xfe\r\n\r\n", "200; on"},
		{"a header of 8 KiB", get + "Host: x\r\nX: " + strings.Repeat("x", 8200) + "\r\n\r\n", "431 header_too_large; closed"},
		{"a thousand headers", get + "Host: x\r\n" + strings.Repeat("X: y\r\n", 1000) + "\r\n", "200; on"},
		{"ten thousand headers", get + "Host: x\r\n" + strings.Repeat("X: y\r\n", 10000) + "\r\n", "431 header_too_large; closed"},
		{"no Host", get + "\r\n", "400 bad_request; closed"},
		{"Host empty", get + "Host:\r\n\r\n", "400 bad_request; closed"},
		{"Host twice", get + "Host: x\r\nHost: x\r\n\r\n", "400 bad_request; closed"},
		{"Host of rubbish", get + "Host: a b<>\r\n\r\n", "400 bad_request; closed"},
		{"Host with a path", get + "Host: x/y?z\r\n\r\n", "400 bad_request; closed"},
		{"Host with a user", get + "Host: u:p@x:99999\r\n\r\n", "200; on"},
		{"Expect: something else", batchHead + "Expect: 200-maybe\r\nContent-Length: 0\r\n\r\n", "400 empty_batch; on"},
		{"Upgrade to h2c", get + "Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", "200; on"},
		{"Upgrade to WebSocket", get + "Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n", "200; on"},
		{"Connection names a header", get + "Host: x\r\nConnection: close, Host\r\n\r\n", "200; closed"},
	})
}

func TestHostileRequestLines(t *testing.T) {
	// Ensures that a request line of rubbish is an answer in the contract's form, and that no
	// path leads to another than it says.
	h := open(t, nil).ready()
	end := "\r\nHost: x\r\n\r\n"
	h.hostile([]hostileCase{
		{"rubbish", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n", "400 bad_request; closed"},
		{"NULs", strings.Repeat("\x00", 100) + "\r\n\r\n", "400 bad_request; closed"},
		{"HTTP/0.9", "GET /readyz\r\n\r\n", "400 bad_request; closed"},
		{"HTTP/0.9 in words", "GET /readyz HTTP/0.9" + end, "200; closed"},
		{"HTTP/1.0", "GET /readyz HTTP/1.0\r\n\r\n", "200; closed"},
		{"HTTP/1.0 that stays", "GET /readyz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200; on"},
		{"HTTP/1.2", "GET /readyz HTTP/1.2" + end, "200; closed"},
		{"HTTP/2.0", "GET /readyz HTTP/2.0" + end, "200; closed"},
		{"HTTP/9.9", "GET /readyz HTTP/9.9" + end, "200; closed"},
		{"HTTP/11", "GET /readyz HTTP/11" + end, "400 bad_request; closed"},
		{"http/1.1", "GET /readyz http/1.1" + end, "400 bad_request; closed"},
		{"no version", "GET /readyz " + end, "400 bad_request; closed"},
		{"words after the version", "GET /readyz HTTP/1.1 x" + end, "400 bad_request; closed"},
		{"two blanks", "GET  /readyz HTTP/1.1" + end, "400 bad_request; closed"},
		{"a tab", "GET\t/readyz HTTP/1.1" + end, "400 bad_request; closed"},
		{"blank ahead", " GET /readyz HTTP/1.1" + end, "400 bad_request; closed"},
		{"empty lines ahead", "\r\n\r\nGET /readyz HTTP/1.1" + end, "200; on"},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 bad_request; closed"},
		{"absolute form", "GET http://elsewhere.example/readyz HTTP/1.1" + end, "200; on"},
		{"absolute form of https", "GET https://elsewhere.example/v2 HTTP/1.1" + end, "404 not_found; on"},
		{"absolute form of file", "GET file:///etc/passwd HTTP/1.1" + end, "404 not_found; on"},
		{"authority form", "CONNECT x:80 HTTP/1.1" + end, "404 not_found; on"},
		{"asterisk", "OPTIONS * HTTP/1.1" + end, "404 not_found; on"},
		{"asterisk of GET", "GET * HTTP/1.1" + end, "400 bad_request; closed"},
		{"no slash", "GET readyz HTTP/1.1" + end, "400 bad_request; closed"},
		{"OPTIONS", "OPTIONS /v1/scans HTTP/1.1" + end, "405 method_not_allowed; on"},
		{"TRACE", "TRACE /readyz HTTP/1.1" + end, "405 method_not_allowed; on"},
		{"DELETE", "DELETE /v1/rounds/R1 HTTP/1.1" + end, "405 method_not_allowed; on"},
		{"PATCH", "PATCH /v1/scans HTTP/1.1" + end, "405 method_not_allowed; on"},
		{"unknown method", "BREW /readyz HTTP/1.1" + end, "405 method_not_allowed; on"},
		{"lower case", "get /readyz HTTP/1.1" + end, "405 method_not_allowed; on"},
		{"method of rubbish", "G<T /readyz HTTP/1.1" + end, "400 bad_request; closed"},
		{"a method of 7,000 letters", strings.Repeat("A", 7000) + " /readyz HTTP/1.1" + end, "405 method_not_allowed; on"},
		{"a path of 7,000 letters", "GET /" + strings.Repeat("a", 7000) + " HTTP/1.1" + end, "404 not_found; on"},
		{"a path of 9,000 letters", "GET /" + strings.Repeat("a", 9000) + " HTTP/1.1" + end, "431 header_too_large; closed"},
		{"a person of 7,000 letters", "GET /v1/people/" + strings.Repeat("9", 7000) + "/status HTTP/1.1" + end, "400 person_invalid; on"},
		{"a query of 7,000 letters", "GET /v1/changes?after=" + strings.Repeat("a", 7000) + " HTTP/1.1" + end, "400 cursor_invalid; on"},
		{"a thousand parameters", "GET /v1/changes?" + strings.Repeat("a=b&", 1000) + " HTTP/1.1" + end, "200; on"},
		{"path upwards", "GET /v1/../../etc/passwd HTTP/1.1" + end, "404 not_found; on"},
		{"path upwards to a route", "GET /v1/../readyz HTTP/1.1" + end, "404 not_found; on"},
		{"upwards, encoded", "GET /v1/%2e%2e/readyz HTTP/1.1" + end, "404 not_found; on"},
		{"upwards, slash encoded", "GET /v1/..%2freadyz HTTP/1.1" + end, "404 not_found; on"},
		{"upwards, encoded twice", "GET /v1/%252e%252e/readyz HTTP/1.1" + end, "404 not_found; on"},
		{"upwards in a person", "GET /v1/people/x/../../../readyz HTTP/1.1" + end, "404 not_found; on"},
		{"backslashes", "GET /v1\\..\\readyz HTTP/1.1" + end, "404 not_found; on"},
		{"NUL encoded", "GET /readyz%00 HTTP/1.1" + end, "404 not_found; on"},
		{"NUL in a name", "GET /v1/tubes/T1%00 HTTP/1.1" + end, "400 field_invalid; on"},
		{"two slashes", "GET //readyz HTTP/1.1" + end, "404 not_found; on"},
		{"two slashes within", "GET /v1//scans HTTP/1.1" + end, "404 not_found; on"},
		{"slash at the end", "GET /readyz/ HTTP/1.1" + end, "404 not_found; on"},
		{"a dot", "GET /./readyz HTTP/1.1" + end, "404 not_found; on"},
		{"percent and rubbish", "GET /%zz%4 HTTP/1.1" + end, "404 not_found; on"},
		{"CR LF encoded", "GET /v2%0d%0aX:%20y HTTP/1.1" + end, "404 not_found; on"},
		{"fragment", "GET /readyz#x HTTP/1.1" + end, "200; on"},
		{"semicolon", "GET /readyz;x=y HTTP/1.1" + end, "404 not_found; on"},
		{"control byte in a path", "GET /ready\x01z HTTP/1.1" + end, "400 bad_request; closed"},
		{"bytes above 127 in a path", "GET /\xff\xfe HTTP/1.1" + end, "404 not_found; on"},
	})
}
