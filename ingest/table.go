package ingest

// readTable turns the rows of a table into NDJSON.
// REQUIRES: f is a table.
func (r *Request) readTable(f Format, o Options) error { return ErrBadEncoding }

// Column is the heading of the column that holds a field, as the table's form names it.
func (r *Request) Column(field string) string { return field }
