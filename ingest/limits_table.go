package ingest

// Bounds of tables, CSV and XLSX, with their reasons. What a table becomes is bounded
// by limits.go besides: items, bytes of an item, bytes of a body.
const (
	// MaxColumns is how many columns a table may have. The widest honest one, a roster with
	// every field and remarks, has about 30.
	MaxColumns = 256
	// tableTitleRows is how many rows are searched for the headings of the roster's form:
	// above them stand the titles, who filled it in, and a telephone.
	tableTitleRows = 10

	// MaxSheetBytes is the largest XLSX body. A form of 100,000 people, no two cells alike,
	// is 7 MiB.
	MaxSheetBytes = 16 << 20
	// MaxSheetUnzippedBytes bounds what is unpacked of one workbook, over all its parts; the
	// library holds it. That form unpacks to 100 MiB at the most.
	MaxSheetUnzippedBytes = 128 << 20
	// SheetMemoryBytes is what a workbook within these bounds takes at the worst: measured,
	// see TestSheetMemory. One is read at a time.
	SheetMemoryBytes = 800 << 20
	// sheetEntriesMax bounds the files in a workbook's archive; honest ones hold 10 to 100.
	sheetEntriesMax = 256
	// sheetItemsMax bounds the texts that cells share: 100,000 people of eleven columns have
	// 1.1 million when no two are alike. The library takes 200 to 300 bytes for each.
	sheetItemsMax = 1_150_000
	// sheetSharedTagsMax and sheetTagsMax bound the elements of the shared texts and of one
	// sheet. A shared text has two, and a third where Excel notes how it is read: 800,000 may
	// have it. A cell has two, or three with its text in it, and a row is one more.
	sheetSharedTagsMax = 2_400_000
	sheetTagsMax       = 3_600_000
	// sheetPartBytesMax and sheetOtherTagsMax bound the other parts: each one's size, and the
	// tags of all. The library takes up to 200 bytes for a tag of the styles; a column of
	// formulas has one a person.
	sheetPartBytesMax = 4 << 20
	sheetOtherTagsMax = 400_000
	// sheetSheetsMax and sheetLinksMax bound the sheets and the parts that the workbook names:
	// the library compares each with each, 3 s at the worst.
	sheetSheetsMax = 512
	sheetLinksMax  = 20_000
	// sheetStrictBytesMax bounds a part in the strict dialect: the library copies it ten times.
	sheetStrictBytesMax = 16 << 20
	// sheetDepthMax is how deep elements may nest; honest ones reach 12.
	sheetDepthMax = 64
	// sheetItemBytesMax bounds one text, a cell's or shared, and any tag; Excel's longest text
	// is 32,767 characters. It is above MaxItemBytes, so that a long one costs only its row.
	sheetItemBytesMax = 128 << 10
	// sheetItemTagsMax bounds the pieces of one text, where each has a look of its own.
	sheetItemTagsMax = 4_096
	// sheetEscapesMax bounds the characters of one text that are written as _x000D_: resolving
	// them costs their square, for each cell that names it. 1.5 million cells take 20 s.
	sheetEscapesMax = 32
	// sheetRowCellsMax and sheetRowFilledMax bound the cells of a row, and those with a value.
	// The library holds a row's texts at once: 64 MiB, when each is as long as one may be.
	sheetRowCellsMax  = 16_384
	sheetRowFilledMax = 512
	// sheetRowsMax is the last row that a spreadsheet program can have.
	sheetRowsMax = 1 << 20
	// sheetTabsMax is how many sheets are searched for headings.
	sheetTabsMax = 16
	// sheetCellsMax and sheetTextBytesMax bound the work of a sheet: its cells, those left out
	// before others in their row too, and their texts, each as often as it is named. All rows
	// of a roster that are as wide as they may be have 26 million.
	sheetCellsMax     = 32_000_000
	sheetTextBytesMax = 256 << 20
	// sheetWindowBytes is how much is unpacked at a time.
	sheetWindowBytes = 64 << 10

	// areaDepthMax is how many levels of areas lie over another; a city has five.
	areaDepthMax = 16
	// areaNamesakesMax bounds the areas of one name that a row makes us look through, which a
	// table can make us do for every row. Where more bear a name that is not next below the
	// one given, a code is needed.
	areaNamesakesMax = 256
)
