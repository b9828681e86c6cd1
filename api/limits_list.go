package api

// Bounds of lists in other forms than NDJSON.
const (
	// xlsxRowsMax is how many people one roster form holds: 16 MB of XML, 0.3 s of a core.
	// X-Next-After holds the rest.
	xlsxRowsMax = 20_000
	// xlsxBytesMax ends a form early whose texts are long, so that no answer takes more
	// memory than a few times this.
	xlsxBytesMax = 24 << 20
	// xlsxCellBytes is what a cell costs beside its text.
	xlsxCellBytes = 64
	// xlsxAtOnce is how many spreadsheets are made at a time: 100 MB each at the most. Further
	// ones are told to try again.
	xlsxAtOnce = 4
	// csvRetainedBytes is the largest cell memory that is used again.
	csvRetainedBytes = 64 << 10
)
