package api

import (
	"bytes"
	"io"
	"slices"

	"github.com/valyala/fasthttp"

	"poolwise/ingest"
)

// bodyForm is what the headers say of a body.
type bodyForm struct {
	endpoint ingest.Endpoint
	format   ingest.Format
}

// bodyOf reads what the headers say of a body.
func bodyOf(ctx *fasthttp.RequestCtx, endpoint ingest.Endpoint) (bodyForm, *refusal) {
	format, refused := formatOf(ctx)
	return bodyForm{endpoint, format}, refused
}

// formatOf looks at Content-Type and Content-Encoding. Parameters such as a charset are passed over.
func formatOf(ctx *fasthttp.RequestCtx) (ingest.Format, *refusal) {
	switch encoding := ctx.Request.Header.ContentEncoding(); {
	case len(encoding) > 0 && !bytes.EqualFold(encoding, []byte("identity")):
		return 0, errContentEncoding
	}
	media, _, _ := bytes.Cut(ctx.Request.Header.ContentType(), []byte(";"))
	media = bytes.TrimSpace(media)
	switch {
	case bytes.EqualFold(media, []byte(typeNDJSON)):
		return ingest.FormatNDJSON, nil
	case bytes.EqualFold(media, []byte(typeJSON)):
		return ingest.FormatJSON, nil
	}
	return 0, errMediaType
}

// readBatch admits a body by its announced length and only then reads it.
//
// ENSURES: reserved is what the caller has to release, also when refused.
func readBatch(p *ingest.Pipeline, ctx *fasthttp.RequestCtx, _ bodyForm, r *ingest.Request) (reserved int64, refused *refusal) {
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
		r.Body, err = readFixed(stream, r.Body, length)
		watched(ctx).bodyRead = err == nil
		return int64(length), ofRead(err)
	}
	for {
		if !p.Admit(chunkBytes) {
			return reserved, errOverloaded
		}
		reserved += chunkBytes
		ended, err := readChunk(stream, &r.Body)
		switch {
		case err != nil:
			return reserved, ofRead(err)
		case len(r.Body) > batchBodyBytesMax:
			return reserved, errBodyTooLarge
		case ended && watched(ctx).closedByPeer:
			return reserved, errBodyIncomplete
		case ended:
			watched(ctx).bodyRead = true
			return reserved, nil
		}
	}
}

// readChunk reads up to chunkBytes more of a body of unknown length.
func readChunk(stream io.Reader, into *[]byte) (ended bool, err error) {
	at := len(*into)
	buf := slices.Grow(*into, chunkBytes)[:at+chunkBytes]
	defer func() { *into = buf[:at] }()
	for at < len(buf) {
		n, err := stream.Read(buf[at:])
		at += n
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
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
