namespace Kilonova.Cli;

/// <summary>What the program reads from and writes to.</summary>
/// <param name="In">Standard input.</param>
/// <param name="Out">Answers.</param>
/// <param name="Error">Mistakes.</param>
/// <param name="IsTerminal">Whether a person looks at it.</param>
internal sealed record Terminal(TextReader In, TextWriter Out, TextWriter Error, bool IsTerminal);
