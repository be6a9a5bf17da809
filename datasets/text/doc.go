// Package text turns text into numbers that a model can be trained on.
//
// A Vectorizer divides text into words or characters and numbers them, as Keras'
// TextVectorization does: Adapt builds its vocabulary from texts, AdaptReader from a
// stream of any length, and NewVectorizer takes one that exists. Encode and Decode
// translate one text, Vectorize makes the tensor of many.
//
// A BPE divides text into parts of words: byte-pair encoding on bytes, as in GPT-2.
// TrainBPE learns one, LoadBPE reads the files of GPT-2 and of other models of that form.
// Every text, of any bytes, comes back from its tokens as it was.
//
// Tokens become data for training in three ways. NewSequences has a sample for each
// sequence and makes batches of similar lengths. Windows has a sample for each window on
// one long sequence, with the next token as the target of every step, for a language
// model. Streams divides one long sequence so that the states of a recurrent layer go on
// from batch to batch. Pad makes one tensor of sequences of different lengths.
//
// Numbers of tokens are floats in tensors, as everywhere in Engram: float32 represents
// whole numbers up to 2²⁴.
package text
