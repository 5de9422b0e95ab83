// Package models owns the files that the engines run on: which they are,
// where they come from and under which licence, how a machine gets them, and
// whether what lies in the models folder is what the manifest pins.
//
// Every file is pinned by its sha256 and every package by its sha512. Files
// are stored as shipped. A file models.json in the folder lets an operator
// bring another detector or recogniser (Config).
//
// It runs no network; internal/face/ort and internal/tech/document/ocr do.
package models
