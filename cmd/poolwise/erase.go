package main

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"poolwise/engine"
	"poolwise/storage"
)

// eraseConfig is everything that can be said of an erasure.
type eraseConfig struct {
	Round, Data, KeyFile, Report, Verify string
}

var (
	errEraseUse     = errors.New("not the way to call it")
	errEraseNothing = errors.New("nothing to erase")
)

const eraseUsage = `poolwise erase --round R --data DIR [--key-file F] [--report FILE]
poolwise erase --verify FILE [--key-file F]

erase destroys what was kept of people under a round: names, sexes, phones, households, and
refused items. Its key is destroyed, so nothing brings them back, not even a copy of the data
directory. Coverage, statuses and tubes stay. Stop the server first. Done again, it finishes
what a power cut left, and reports anew. --verify checks a report.
Exit status: 0 when it is erased or the report is sound, 1 when not or when nothing is kept
under the round, 2 for wrong use.

`

func (c *eraseConfig) flags(errs io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet("poolwise erase", flag.ContinueOnError)
	f.SetOutput(errs)
	f.Usage = func() {
		fmt.Fprint(errs, eraseUsage)
		f.PrintDefaults()
	}
	f.StringVar(&c.Round, "round", "", "`name` of the round to erase")
	f.StringVar(&c.Data, "data", "", "`directory` of the store")
	f.StringVar(&c.KeyFile, "key-file", "", "`file` of the key that seals the store (default: the data directory's name with .key)")
	f.StringVar(&c.Report, "report", "", "`file` to write the signed report to; it must not be there")
	f.StringVar(&c.Verify, "verify", "", "`file` of a report to check")
	return f
}

// parseErase reads flags, and directory and key file also from the environment. Never the
// round: what cannot be undone is said on the line.
func parseErase(args, environ []string, errs io.Writer) (eraseConfig, error) {
	var c eraseConfig
	f := c.flags(errs)
	if err := f.Parse(args); err != nil {
		return c, err
	}
	given := map[string]bool{"round": true, "report": true, "verify": true}
	f.Visit(func(flag *flag.Flag) { given[flag.Name] = true })
	if err := fromEnviron(f, environ, given); err != nil {
		return c, err
	}
	switch {
	case f.NArg() > 0:
		return c, fmt.Errorf("cannot erase: got argument %q; want flags only: %w", f.Arg(0), errEraseUse)
	case c.Verify != "" && (c.Round != "" || c.Report != ""):
		return c, fmt.Errorf("cannot erase: --verify only checks a report; want it without --round and --report: %w", errEraseUse)
	case c.Verify == "" && (c.Round == "" || c.Data == ""):
		return c, fmt.Errorf("cannot erase: want --round and --data: %w", errEraseUse)
	}
	return c, nil
}

// erase is `poolwise erase`.
func erase(args, environ []string, out, errs io.Writer) int {
	c, err := parseErase(args, environ, errs)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(errs, "poolwise: %v\n", err)
		return 2
	}
	if c.Verify != "" {
		err = c.verify(out)
	} else {
		err = c.run(out, errs)
	}
	if err != nil {
		fmt.Fprintf(errs, "poolwise: %v\n", err)
		return 1
	}
	return 0
}

// eraseReport is the file of --report: JSON, indented. The signature is over the same
// value with an empty signature and without indents, as encoding/json writes it.
type eraseReport struct {
	Report  string        `json:"report"` // eraseReportName
	Round   string        `json:"round"`
	At      time.Time     `json:"at"`
	Program string        `json:"program"`
	Classes []erasedClass `json:"classes"` // keys that the round had, all destroyed
	// Deleted by this run; what an earlier one was cut short at is counted there.
	ProfilesDeleted int `json:"profiles_deleted"`
	RejectsDeleted  int `json:"rejects_deleted"`
	// What stands unreadable in the journal.
	JournalPositions uint64 `json:"journal_positions"`
	JournalPieces    uint64 `json:"journal_pieces"`
	JournalBytes     uint64 `json:"journal_bytes"`
	Proved           string `json:"proved"`
	PublicKey        string `json:"public_key"`
	Signature        string `json:"signature"`
}

type erasedClass struct {
	Number  uint32    `json:"number"`
	Created time.Time `json:"created"`
	Erased  time.Time `json:"erased"`
}

const (
	eraseReportName  = "poolwise erase 1"
	eraseReportBytes = 4 << 20 // 4,096 classes of 120 bytes, and more than enough
)

const (
	erasedText  = "after the store was opened anew: no key of these classes, no profile or refused item under them, and every piece in the journal refused to open"
	nothingText = "the round never had data of people: there was nothing to erase"
)

func (c *eraseConfig) run(out, errs io.Writer) error {
	if c.Report != "" {
		if _, err := os.Lstat(c.Report); err == nil {
			return fmt.Errorf("cannot write the report: %s is there already; want a new file: %w", c.Report, os.ErrExist)
		}
	}
	for _, path := range []string{c.Data, c.keyFile()} { // Open would make them
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("cannot erase: there is no store, or no key file: %w", err)
		}
	}
	s, err := c.open(errs)
	if err != nil {
		return err
	}
	erased, err := s.EraseRound(c.Round)
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	if s, err = c.open(errs); err != nil { // what Open reads is what is on disk
		return err
	}
	if err := s.CheckErased(erased); err != nil {
		return errors.Join(err, s.Close())
	}
	r := reportOf(erased)
	public, _ := s.Sign(nil)
	r.PublicKey = hex.EncodeToString(public)
	_, signature := s.Sign(r.signed())
	r.Signature = hex.EncodeToString(signature)
	if err := s.Close(); err != nil {
		return err
	}
	done, nothing := "the round is erased", error(nil)
	if len(r.Classes) == 0 {
		done = "nothing was erased"
		nothing = fmt.Errorf("no profiles are kept under round %s: %w", r.Round, errEraseNothing)
	} else {
		r.tell(out, c.keyFile())
	}
	if c.Report == "" {
		return nothing
	}
	if err := r.write(c.Report); err != nil {
		return errors.Join(nothing, fmt.Errorf("cannot write the report, though %s; run it again for another: %w", done, err))
	}
	fmt.Fprintf(out, "report: %s\n", c.Report)
	return nothing
}

// tell says what was destroyed.
func (r *eraseReport) tell(out io.Writer, keyFile string) {
	fmt.Fprintf(out, "round %s is erased: %d keys destroyed, %d profiles and %d refused items deleted; %d pieces of %d bytes in the journal cannot be read any more\n",
		r.Round, len(r.Classes), r.ProfilesDeleted, r.RejectsDeleted, r.JournalPieces, r.JournalBytes)
	fmt.Fprintf(out, "proved: %s\n", r.Proved)
	fmt.Fprintf(out, "older copies of the file of round keys, %s.rounds, bring it back: destroy them too\n", keyFile)
}

func (c *eraseConfig) keyFile() string {
	if c.KeyFile != "" || c.Data == "" {
		return c.KeyFile
	}
	return c.Data + ".key"
}

func (c *eraseConfig) open(errs io.Writer) (*storage.Store, error) {
	s, err := storage.Open(storage.Disk(), c.Data, storage.Options{
		KeyFile: c.keyFile(), RulesVersion: engine.RulesVersion,
		Logf:  func(format string, args ...any) { fmt.Fprintf(errs, "poolwise: "+format+"\n", args...) },
		Fatal: func(err error) { fatal(errs, err); os.Exit(1) },
	})
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("cannot erase while a server is running on %s; stop it first: %w", c.Data, err)
	}
	return s, err
}

func reportOf(e storage.EraseReport) *eraseReport {
	r := &eraseReport{
		Report: eraseReportName, Round: e.Round, At: time.Now().UTC().Truncate(time.Second), Program: version(), Classes: []erasedClass{},
		ProfilesDeleted: e.Profiles, RejectsDeleted: e.Rejects,
		JournalPositions: e.Journal.Positions, JournalPieces: e.Journal.Pieces, JournalBytes: e.Journal.Bytes, Proved: erasedText,
	}
	for _, c := range e.Classes {
		r.Classes = append(r.Classes, erasedClass(c))
	}
	if len(r.Classes) == 0 {
		r.Proved = nothingText
	}
	return r
}

// signed is what the signature is over.
func (r *eraseReport) signed() []byte {
	unsigned := *r
	unsigned.Signature = ""
	text, err := json.Marshal(&unsigned)
	if err != nil {
		panic("poolwise: BUG: " + err.Error())
	}
	return text
}

func (r *eraseReport) write(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

var errReport = errors.New("report not sound")

// verify checks a report: against the key file if one is named, else only that it is as
// it was signed.
func (c *eraseConfig) verify(out io.Writer) error {
	r, err := readEraseReport(c.Verify)
	if err != nil {
		return fmt.Errorf("cannot check the report %s: %w", c.Verify, err)
	}
	by := "the key in it, " + r.PublicKey + "; name the store's --key-file to know whose that is"
	if path := c.keyFile(); path != "" {
		key, err := storage.ReportKey(storage.Disk(), path)
		if err != nil {
			return fmt.Errorf("cannot check the report %s: %w", c.Verify, err)
		}
		if hex.EncodeToString(key) != r.PublicKey {
			return fmt.Errorf("cannot trust the report %s: it is of another store than the key file %s: %w", c.Verify, path, errReport)
		}
		by = "the store of key file " + path
	}
	fmt.Fprintf(out, "the report is sound, signed by %s\n", by)
	fmt.Fprintf(out, "round %s, %s: %d keys destroyed, %d profiles and %d refused items deleted, %d pieces of the journal unreadable\n",
		r.Round, r.At.Format(time.RFC3339), len(r.Classes), r.ProfilesDeleted, r.RejectsDeleted, r.JournalPieces)
	return nil
}

func readEraseReport(path string) (*eraseReport, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, eraseReportBytes+1))
	if err != nil {
		return nil, err
	}
	var r eraseReport
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	err = d.Decode(&r)
	if err != nil || d.More() || len(text) > eraseReportBytes || r.Report != eraseReportName {
		return nil, fmt.Errorf("it is no report of an erasure: %w", errReport)
	}
	key, keyErr := hex.DecodeString(r.PublicKey)
	signature, err := hex.DecodeString(r.Signature)
	if keyErr != nil || err != nil || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, r.signed(), signature) {
		return nil, fmt.Errorf("it is not as it was signed: %w", errReport)
	}
	return &r, nil
}
