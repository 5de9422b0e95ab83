// Package tesseract reads lines of text in Kazakh and Russian with the program
// of that name, where it is installed: the networks of package ocr know no
// Cyrillic letters.
//
// The program runs as a process of its own, with limits of time, memory and
// files, and sees nothing but the pixels of the lines. It owns how lines become
// one picture and the program's answer lines again; where lines lie is package
// ocr's business, what they mean package document's.
package tesseract
