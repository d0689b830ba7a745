using Kilonova.Conformance;

if (args.Length is < 2 or > 3 || VectorKinds.All.FirstOrDefault(k => k.Name == args[0]) is not { } kind)
{
    Console.Error.WriteLine($"usage: Kilonova.Conformance KIND FILE.jsonl[.gz] [ANSWERS.jsonl]; KIND is one of: {string.Join(' ', VectorKinds.All.Select(k => k.Name))}");
    return 2;
}

using var answers = args.Length == 3 ? new StreamWriter(args[2]) : null;
var outcome = ConformanceRun.Of(kind, VectorFile.Read(args[1]), answers);
outcome.Print(Console.Out);
return outcome.Different == 0 ? 0 : 1;
