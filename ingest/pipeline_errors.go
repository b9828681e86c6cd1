package ingest

import "errors"

var (
	// ErrFull: the engine holds as many people, tubes or tests as it can; nothing of the request was applied.
	ErrFull = errors.New("the server holds as much as it can")
	// ErrOverloaded: admitted bytes or the queue are full; nothing of the request was applied.
	ErrOverloaded = errors.New("the server has more work than it may hold")
	// ErrBatchTooLarge: the batch would not fit a journal record.
	ErrBatchTooLarge error = &RequestError{CodeBodyTooLarge, "The batch is too large to be kept in one piece; send it in two."}
	// ErrStopped: the pipeline is closed, or died of an error that ends the process.
	ErrStopped = errors.New("the server is stopping")
	// ErrReplayDiffers: a replay came to another state than the journal says.
	ErrReplayDiffers = errors.New("the replayed state differs from the journalled one")
	// ErrApplyPanicked: the rules panicked on a journalled group. It is our bug, and the same at every start.
	ErrApplyPanicked = errors.New("the rules stopped on a journalled group")
	// ErrJournalGap: the journal's positions are not consecutive.
	ErrJournalGap = errors.New("the journal has a gap")
)
