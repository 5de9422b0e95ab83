// Package ocr reads text in pictures: where lines of text lie, which way up
// they are, what they say, and for lines that may be machine readable, the
// network's probabilities from which internal/mrz decodes them.
//
// It owns how pixels become the networks' inputs and their outputs boxes and
// letters. It knows no documents. The networks are PP-OCRv4's mobile ones, on
// ONNX Runtime (internal/onnx); which files they are is internal/models'
// business. Their alphabet has Latin letters, digits and Chinese characters,
// no Cyrillic.
package ocr
