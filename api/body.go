package api

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"poolwise/ingest"
)

// Media types of tables.
const (
	mediaCSV  = "text/csv"
	mediaXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// bodyForm is what the headers say of a body.
type bodyForm struct {
	endpoint ingest.Endpoint
	format   ingest.Format
	packing  packing
}

// bodyOf reads what the headers say of a body. The roster's form is for rosters only.
func bodyOf(ctx *fasthttp.RequestCtx, endpoint ingest.Endpoint) (form bodyForm, refused *refusal) {
	form.endpoint = endpoint
	if form.packing, refused = packingOf(ctx); refused != nil {
		return form, refused
	}
	if form.format, refused = formatOf(ctx); refused != nil {
		return form, refused
	}
	if form.format == ingest.FormatXLSX && endpoint != ingest.Roster {
		return form, errMediaType
	}
	return form, nil
}

// packingOf looks at Content-Encoding. Two of them, one over the other, nobody needs.
func packingOf(ctx *fasthttp.RequestCtx) (packing, *refusal) {
	encoding := ctx.Request.Header.ContentEncoding()
	switch {
	case len(encoding) == 0:
		return packedNot, nil
	case len(ctx.Request.Header.PeekAll(fasthttp.HeaderContentEncoding)) > 1:
		return packedNot, errContentEncoding
	case bytes.EqualFold(encoding, []byte("identity")):
		return packedNot, nil
	case bytes.EqualFold(encoding, []byte("gzip")):
		return packedGzip, nil
	case bytes.EqualFold(encoding, []byte("zstd")):
		return packedZstd, nil
	}
	return packedNot, errContentEncoding
}

// formatOf looks at Content-Type. Of parameters only the charset of a table counts; JSON is
// UTF-8 whatever they say.
func formatOf(ctx *fasthttp.RequestCtx) (ingest.Format, *refusal) {
	media, parameters, _ := bytes.Cut(ctx.Request.Header.ContentType(), []byte(";"))
	media = bytes.TrimSpace(media)
	switch {
	case bytes.EqualFold(media, []byte(typeNDJSON)):
		return ingest.FormatNDJSON, nil
	case bytes.EqualFold(media, []byte(typeJSON)):
		return ingest.FormatJSON, nil
	case bytes.EqualFold(media, []byte(mediaCSV)):
		return formatOfCSV(parameters)
	case bytes.EqualFold(media, []byte(mediaXLSX)):
		return ingest.FormatXLSX, nil
	}
	return 0, errMediaType
}

// formatOfCSV looks at the charset of a table: UTF-8, or what a Chinese Excel writes.
func formatOfCSV(parameters []byte) (ingest.Format, *refusal) {
	format, said := ingest.FormatCSV, false
	for len(parameters) > 0 {
		var parameter []byte
		parameter, parameters, _ = bytes.Cut(parameters, []byte(";"))
		name, value, _ := bytes.Cut(parameter, []byte("="))
		if !bytes.EqualFold(bytes.TrimSpace(name), []byte("charset")) {
			continue
		}
		if said {
			return 0, errMediaType
		}
		said = true
		switch charset := strings.ToLower(string(bytes.Trim(bytes.TrimSpace(value), `"`))); charset {
		case "utf-8", "utf8":
		case "gbk", "gb2312", "gb18030":
			format = ingest.FormatCSVGB
		default:
			return 0, errMediaType
		}
	}
	return format, nil
}

// readBatch admits a body by its announced length and only then reads it.
//
// ENSURES: hold is what the caller has to release, also when refused.
func readBatch(p *ingest.Pipeline, ctx *fasthttp.RequestCtx, form bodyForm, r *ingest.Request, hold *heldBody) (refused *refusal) {
	if form.packing == packedNot {
		hold.admitted, refused = readSent(p, ctx, &r.Body)
		return refused
	}
	packed := packedBodies.Get().(*[]byte)
	defer keepPacked(packed)
	if hold.admitted, refused = readSent(p, ctx, packed); refused != nil {
		return refused
	}
	return readPacked(p, packed, form.packing, r, hold)
}

// readSent reads a body as it was sent into memory that is reused.
// REQUIRES: into is empty.
func readSent(p *ingest.Pipeline, ctx *fasthttp.RequestCtx, into *[]byte) (reserved int64, refused *refusal) {
	length := ctx.Request.Header.ContentLength()
	if length > batchBodyBytesMax {
		return 0, errBodyTooLarge
	}
	stream := ctx.RequestBodyStream()
	if stream == nil {
		return 0, nil
	}
	if length >= 0 {
		if !p.Admit(int64(length)) {
			return 0, errOverloaded
		}
		var err error
		*into, err = readFixed(stream, *into, length)
		watched(ctx).bodyRead = err == nil
		return int64(length), ofRead(err)
	}
	for {
		if !p.Admit(chunkBytes) {
			return reserved, errOverloaded
		}
		reserved += chunkBytes
		ended, err := readPiece(stream, into, chunkBytes)
		switch {
		case err != nil:
			return reserved, ofRead(err)
		case len(*into) > batchBodyBytesMax:
			return reserved, errBodyTooLarge
		case ended && watched(ctx).closedByPeer:
			return reserved, errBodyIncomplete
		case ended:
			watched(ctx).bodyRead = true
			return reserved, nil
		}
	}
}

// readSmall reads a body of at most max bytes, as sent and unpacked: a question, no batch.
func readSmall(ctx *fasthttp.RequestCtx, into *[]byte, max int, tooLarge *refusal) *refusal {
	packing, refused := packingOf(ctx)
	if refused != nil {
		return refused
	}
	if packing == packedNot {
		return readSmallSent(ctx, into, max, tooLarge)
	}
	packed := packedBodies.Get().(*[]byte)
	defer keepPacked(packed)
	if refused := readSmallSent(ctx, packed, max, tooLarge); refused != nil {
		return refused
	}
	refused = unpack(*packed, packing, into, max, func(int64) bool { return true })
	if refused == errUnpackedTooLarge {
		return tooLarge
	}
	return refused
}

func readSmallSent(ctx *fasthttp.RequestCtx, into *[]byte, max int, tooLarge *refusal) *refusal {
	*into = (*into)[:0]
	length := ctx.Request.Header.ContentLength()
	stream := ctx.RequestBodyStream()
	switch {
	case length > max:
		return tooLarge
	case stream == nil:
		return nil
	case length >= 0:
		var err error
		*into, err = readFixed(stream, *into, length)
		watched(ctx).bodyRead = err == nil
		return ofRead(err)
	}
	for {
		ended, err := readPiece(stream, into, chunkBytes)
		switch {
		case err != nil:
			return ofRead(err)
		case len(*into) > max:
			return tooLarge
		case ended && watched(ctx).closedByPeer:
			return errBodyIncomplete
		case ended:
			watched(ctx).bodyRead = true
			return nil
		}
	}
}

// readFixed reads exactly length bytes into memory that is reused.
func readFixed(stream io.Reader, into []byte, length int) ([]byte, error) {
	into = slices.Grow(into[:0], length)[:length]
	_, err := io.ReadFull(stream, into)
	return into, err
}

func ofRead(err error) *refusal {
	if err == nil {
		return nil
	}
	if refused := ofTransport(err); refused == errTimeout {
		return refused
	}
	return errBodyIncomplete
}
