using Kilonova.Crds.Generator;

// Usage: dotnet run --project crds/generator [ROOT]   writes the generated files below ROOT (default: the repository around the current directory).
var root = args.Length > 0 ? args[0] : Directory.GetCurrentDirectory();
while (!File.Exists(Path.Combine(root, "Operator.sln")))
    root = Path.GetDirectoryName(Path.GetFullPath(root)) ?? throw new DirectoryNotFoundException("no Operator.sln here or above");

var written = 0;
var files = GeneratedFiles.All();
foreach (var (path, content) in files)
{
    var target = Path.Combine(root, path);
    Directory.CreateDirectory(Path.GetDirectoryName(target)!);
    if (File.Exists(target) && File.ReadAllText(target) == content)
        continue;
    File.WriteAllText(target, content);
    written++;
}

foreach (var stray in Directory.EnumerateFiles(Path.Combine(root, "crds/manifests"), "*.yaml").Where(file => !files.ContainsKey($"crds/manifests/{Path.GetFileName(file)}")))
    File.Delete(stray);

Console.WriteLine($"{files.Count} files generated, {written} changed");
