package importer

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/idem-id/idem"
)

// Item is one person to enrol.
type Item struct {
	Line     int    // line of the CSV list, or number of the photo in the folder
	File     string // path of the photo
	Type     idem.PhotoType
	Verified bool
	Aliases  []Alias
}

// Alias is an identifier as the source gives it.
type Alias struct {
	Type  idem.AliasType
	Value string
}

// pictures are the endings of files that a folder's photos may have.
var pictures = []string{".jpg", ".jpeg", ".png", ".webp", ".heic"}

// ReadFolder lists the photos of a folder and its subfolders by name. The file
// name without its ending is the value of the person's alias of the given type.
func ReadFolder(root string, alias idem.AliasType) ([]Item, error) {
	var items []Item
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains(pictures, strings.ToLower(filepath.Ext(path))) {
			return err
		}
		name := strings.TrimSuffix(entry.Name(), filepath.Ext(path))
		items = append(items, Item{File: path, Type: idem.PhotoOther, Aliases: []Alias{{alias, name}}})
		return nil
	})
	slices.SortFunc(items, func(a, b Item) int { return cmp.Compare(a.File, b.File) })
	for i := range items {
		items[i].Line = i + 1
	}
	return items, err
}

// ReadCSV reads a list with a header line. The column file is required, its
// paths are relative to the list. photo_type, verified, phone, personal_number,
// document_number and custom are optional; other columns are refused.
func ReadCSV(path string) ([]Item, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows := csv.NewReader(f)
	header, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("read the header of %s: %w", path, err)
	}
	if !slices.Contains(header, "file") {
		return nil, errors.New("the list has no column named file")
	}
	var items []Item
	for {
		row, err := rows.Read()
		if err == io.EOF {
			return items, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := rows.FieldPos(0)
		item, err := parseRow(header, row)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		item.Line, item.File = line, filepath.Join(filepath.Dir(path), item.File)
		items = append(items, item)
	}
}

func parseRow(header, row []string) (Item, error) {
	item := Item{Type: idem.PhotoOther}
	for i, column := range header {
		if row[i] == "" {
			continue
		}
		if err := item.set(column, row[i]); err != nil {
			return Item{}, fmt.Errorf("column %s: %w", column, err)
		}
	}
	if item.File == "" {
		return Item{}, errors.New("no file")
	}
	return item, nil
}

func (item *Item) set(column, value string) (err error) {
	switch column {
	case "file":
		item.File = value
	case "photo_type":
		item.Type, err = idem.ParsePhotoType(value)
	case "verified":
		item.Verified, err = strconv.ParseBool(value)
	case "phone", "personal_number", "document_number", "custom":
		item.Aliases = append(item.Aliases, Alias{idem.AliasType(strings.ToUpper(column)), value})
	default:
		err = errors.New("is not one of file, photo_type, verified, phone, personal_number, document_number, custom")
	}
	return err
}
