package ingest

import "errors"

// The catalogue of everything this package refuses: whole requests, single items, and
// what ends a request or a start from inside.

// Code is the stable code of an error, for programs.
type Code string

// Codes that an item can be refused with when it is read.
const (
	CodeBadSyntax         Code = "bad_syntax"
	CodeFieldMissing      Code = "field_missing"
	CodeFieldInvalid      Code = "field_invalid"
	CodePersonInvalid     Code = "person_invalid"
	CodeTimeWithoutOffset Code = "time_without_offset"
	CodeTimeInFuture      Code = "time_in_future"
)

// Codes that a whole request can be refused with when it is read.
const (
	CodeBadEncoding  Code = "bad_encoding"
	CodeEmptyBatch   Code = "empty_batch"
	CodeTooManyItems Code = "too_many_items"
	CodeBodyTooLarge Code = "body_too_large"
)

// RequestError refuses a whole request; nothing of it is applied.
type RequestError struct {
	Code    Code
	Message string // one plain sentence
}

func (e *RequestError) Error() string { return e.Message }

// What a whole request is refused with when it is read: the only errors of the decoders.
var (
	ErrBadEncoding  error = &RequestError{CodeBadEncoding, "The body is not one JSON object or an array of JSON objects."}
	ErrEmpty        error = &RequestError{CodeEmptyBatch, "The request holds no items."}
	ErrTooManyItems error = &RequestError{CodeTooManyItems, "The request holds more than 100,000 items."}
	ErrNotOneItem   error = &RequestError{CodeBadEncoding, "The body must be one JSON object."}
	ErrBodyTooLarge error = &RequestError{CodeBodyTooLarge, "The body is larger than 512 MiB."}
)

// ErrBatchTooLarge: the batch would not fit a journal record.
var ErrBatchTooLarge error = &RequestError{CodeBodyTooLarge, "The batch is too large to be kept in one piece; send it in two."}

// ItemError refuses one item. Message is one plain sentence and never holds a
// name, phone or ID number; it is a constant, so it costs nothing.
type ItemError struct {
	Index   uint32 // place in the request, from 0
	Code    Code
	Message string
	Field   string // key of the field at fault, "" when it is the item as a whole
}

// fault is why one item is refused. All are package variables.
type fault struct {
	code    Code
	message string
	field   string
}

// Faults by field, made once at start so that refusing an item costs no memory.
var (
	faultMissing   [fieldCount]*fault
	faultInvalid   [fieldCount]*fault
	faultNoOffset  [fieldCount]*fault
	faultInFuture  [fieldCount]*fault
	faultNotPerson [fieldCount]*fault
	faultReported  = &fault{CodeFieldInvalid, `The field "reported_at" must not be before "tested_at".`, "reported_at"}
	faultRoundPath = &fault{CodeFieldInvalid, `The field "round" must be the round of the path.`, "round"}
	faultNotYet    = &fault{CodeFieldInvalid, `The field "type" names an event that this version does not take yet.`, "type"}

	faultNotJSON       = &fault{CodeBadSyntax, "The item is not a JSON object.", ""}
	faultKeyTwice      = &fault{CodeBadSyntax, "The item has a key given twice.", ""}
	faultNotObject     = &fault{CodeBadSyntax, "The item is JSON but not an object.", ""}
	faultTooDeep       = &fault{CodeBadSyntax, "The item is nested deeper than 16.", ""}
	faultTooLong       = &fault{CodeBadSyntax, "The item is longer than 64 KiB.", ""}
	faultTooManyKeys   = &fault{CodeBadSyntax, "An object of the item has more than 256 keys.", ""}
	faultNotUTF8       = &fault{CodeBadSyntax, "The item is not valid UTF-8.", ""}
	faultLoneSurrogate = &fault{CodeBadSyntax, "The item has half a surrogate pair in a string.", ""}
)

func init() {
	for f, v := range fields {
		at := `The field "` + v.name + `" `
		faultMissing[f] = &fault{CodeFieldMissing, at + "is missing.", v.name}
		faultInvalid[f] = &fault{CodeFieldInvalid, at + v.rule + ".", v.name}
		faultNoOffset[f] = &fault{CodeTimeWithoutOffset, at + "has no offset from UTC.", v.name}
		faultInFuture[f] = &fault{CodeTimeInFuture, at + "lies more than 10 minutes ahead of the server's clock.", v.name}
		faultNotPerson[f] = &fault{CodePersonInvalid, at + "must be an 18-digit ID with a right check character, or TYPE:VALUE of a known type.", v.name}
	}
}

// What the pipeline answers beside them.
var (
	// ErrFull: the engine holds as many people, tubes or tests as it can; nothing of the request was applied.
	ErrFull = errors.New("the server holds as much as it can")
	// ErrOverloaded: admitted bytes or the queue are full; nothing of the request was applied.
	ErrOverloaded = errors.New("the server has more work than it may hold")
	// ErrStopped: the pipeline is closed, or died of an error that ends the process.
	ErrStopped = errors.New("the server is stopping")
	// ErrReplayDiffers: a replay came to another state than the journal says.
	ErrReplayDiffers = errors.New("the replayed state differs from the journalled one")
	// ErrApplyPanicked: the rules panicked on a journalled group. It is our bug, and the same at every start.
	ErrApplyPanicked = errors.New("the rules stopped on a journalled group")
	// ErrJournalGap: the journal's positions are not consecutive.
	ErrJournalGap = errors.New("the journal has a gap")
)
