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

	// MaxSheetBytes is the largest XLSX body. A form of 100,000 people is 5 MiB.
	MaxSheetBytes = 16 << 20
	// MaxSheetUnzippedBytes bounds what is unpacked of one workbook, over all its parts. The
	// form of 100,000 people unpacks to 70 MiB.
	MaxSheetUnzippedBytes = 256 << 20
	// sheetEntriesMax bounds the files in a workbook's archive; honest ones hold 10 to 100.
	// Opening an archive costs about 400 bytes of memory each.
	sheetEntriesMax = 10_000
	// sheetStringsMax bounds the texts that cells share; 100,000 people of eleven columns need
	// 1.1 million when no two are alike. They cost 4 bytes each beside their text.
	sheetStringsMax = 2_000_000
	// sheetTabsMax is how many sheets are searched for headings.
	sheetTabsMax = 16
	// sheetRowsMax is the last row that a spreadsheet program can have.
	sheetRowsMax = 1 << 20
	// sheetRelationsMax bounds the parts that a workbook names.
	sheetRelationsMax = 1_000
	// sheetWindowBytes holds the longest piece of XML that must be seen whole: a tag, a
	// comment. The longest tag of a spreadsheet program, a root with its name spaces, is 2 KiB.
	sheetWindowBytes = 64 << 10
	// sheetRetainedBytes is how much memory a reader of workbooks keeps for the next one.
	sheetRetainedBytes = 16 << 20

	// areaDepthMax is how many levels of areas lie over another; a city has five.
	areaDepthMax = 16
	// areaNamesakesMax bounds the areas of one name that a row makes us look through, which a
	// table can make us do for every row. Where more bear a name that is not next below the
	// one given, a code is needed.
	areaNamesakesMax = 256
)
