using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace Kilonova.Architecture.Tests;

/// <summary>Who may use whom. Read from the project files, transitively, so that a detour counts too.</summary>
public sealed class DependencyRuleTests
{
    private static readonly string Root = typeof(DependencyRuleTests).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    private static readonly string[] Programs = ["operator", "node-agent", "cli"];

    [Fact]
    public void Crds_and_libraries_never_use_a_program()
    {
        var wrong = from user in Parts().Where(p => p == "crds" || p.StartsWith("libs/", StringComparison.Ordinal))
                    from used in Reachable(user)
                    where Programs.Contains(used)
                    select $"{user} -> {used}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Libraries_never_use_each_other()
    {
        var wrong = from user in Parts().Where(p => p.StartsWith("libs/", StringComparison.Ordinal))
                    from used in Reachable(user)
                    where used != user && used.StartsWith("libs/", StringComparison.Ordinal)
                    select $"{user} -> {used}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Programs_never_use_each_other()
    {
        var wrong = from user in Programs.Where(p => Parts().Contains(p))
                    from used in Reachable(user)
                    where used != user && Programs.Contains(used)
                    select $"{user} -> {used}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void Nothing_that_ships_uses_the_tests()
    {
        var wrong = from user in Parts().Where(p => !p.StartsWith("tests/", StringComparison.Ordinal))
                    from used in Reachable(user)
                    where used.StartsWith("tests/", StringComparison.Ordinal)
                    select $"{user} -> {used}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void The_Kubernetes_library_knows_metadata_and_no_compute()
    {
        using var image = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Kilonova.Kubernetes.dll")));
        var reader = image.GetMetadataReader();
        var namespaces = reader.TypeReferences
            .Select(reader.GetTypeReference)
            .Where(t => t.ResolutionScope.Kind == HandleKind.AssemblyReference
                && reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)t.ResolutionScope).Name) == "Kilonova.Crds")
            .Select(t => reader.GetString(t.Namespace))
            .Distinct();
        Assert.Empty(namespaces.Except(["Kilonova.Crds.Meta"]));
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(Root, "Operator.sln")).Replace('\\', '/');
        Assert.All(Projects().Select(p => Path.GetRelativePath(Root, p)), p => Assert.Contains(p, solution, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Projects() =>
        Directory.EnumerateFiles(Root, "*.csproj", SearchOption.AllDirectories)
            .Where(p => !p.StartsWith(Path.Combine(Root, "artifacts"), StringComparison.Ordinal));

    /// <summary>A project's part: its folder below the root, for instance <c>libs/Kubernetes</c>.</summary>
    private static string PartOf(string project) => Path.GetRelativePath(Root, Path.GetDirectoryName(project)!).Replace('\\', '/');

    private static IEnumerable<string> Parts() => Projects().Select(PartOf);

    private static HashSet<string> Reachable(string part)
    {
        var references = Projects().ToLookup(PartOf, Direct);
        var reached = new HashSet<string>();
        var pending = new Stack<string>([part]);
        while (pending.TryPop(out var next))
        {
            foreach (var used in references[next].SelectMany(r => r).Where(reached.Add))
                pending.Push(used);
        }

        return reached;
    }

    private static IEnumerable<string> Direct(string project) =>
        XDocument.Load(project).Descendants("ProjectReference")
            .Select(r => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(project)!, r.Attribute("Include")!.Value)))
            .Select(PartOf);
}
