namespace Kilonova.Cli;

/// <summary>What the program reads from and writes to.</summary>
/// <param name="In">Standard input.</param>
/// <param name="Out">Answers. A stream is below it, since those in JSON can be longer than any text that fits into memory at once.</param>
/// <param name="Error">Mistakes.</param>
/// <param name="IsTerminal">Whether a person looks at it.</param>
internal sealed record Terminal(TextReader In, StreamWriter Out, TextWriter Error, bool IsTerminal);
