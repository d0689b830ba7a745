using System.Text;
using System.Text.Json.Nodes;
using Kilonova.Crds.Generator;

namespace Kilonova.Crds.Tests;

/// <summary>What is generated is up to date, small, bounded and explained.</summary>
public sealed class ManifestTests
{
    private static readonly string[] Designed =
    [
        "AddressClaim", "Aggregate", "Cell", "ComputeQuota", "Fence", "Flavor", "Hypervisor", "Image", "Instance", "KeyPair",
        "Migration", "Network", "ResourceProvider", "Server", "ServerAction", "ServerGroup",
    ];

    public static TheoryData<string> Manifests => [.. Repository.Files("crds/manifests", "*.yaml")];

    [Fact]
    public void Every_generated_file_is_what_make_generate_writes()
    {
        var stale = GeneratedFiles.All().Where(file => !File.Exists(Path.Combine(Repository.Root, file.Key)) || Repository.Read(file.Key) != file.Value).Select(file => file.Key);
        Assert.Empty(stale);
        Assert.Equal(GeneratedFiles.All().Keys.Where(path => path.EndsWith(".yaml", StringComparison.Ordinal)), Repository.Files("crds/manifests", "*.yaml"));
    }

    [Fact]
    public void Generating_twice_gives_the_same() => Assert.Equal(GeneratedFiles.All(), GeneratedFiles.All());

    [Fact]
    public void There_is_a_manifest_for_every_kind_of_the_design() =>
        Assert.Equal(Designed, Repository.Files("crds/manifests", "*.yaml").Select(file => Repository.Parse(Repository.Read(file))["spec"]!["names"]!["kind"]!.GetValue<string>()).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Manifests))]
    public void A_manifest_is_at_most_200_KB(string path) => Assert.InRange(Encoding.UTF8.GetByteCount(Repository.Read(path)), 1_000, 200_000);

    [Theory]
    [MemberData(nameof(Manifests))]
    public void Every_string_list_and_map_is_bounded_and_every_field_explained(string path)
    {
        var faults = new List<string>();
        Walk(Schema(path), "", faults);
        Assert.Empty(faults);
    }

    [Theory]
    [MemberData(nameof(Manifests))]
    public void Short_names_columns_and_category_are_given(string path)
    {
        var spec = Repository.Parse(Repository.Read(path))["spec"]!;
        Assert.Contains("kilonova", spec["names"]!["categories"]!.AsArray().Select(node => node!.GetValue<string>()));
        Assert.True(spec["versions"]![0]!["additionalPrinterColumns"]!.AsArray().Count > 1, "no column but the age");
    }

    [Fact]
    public void Short_names_are_unique_and_none_of_Kubernetes_own()
    {
        string[] taken = ["po", "no", "ns", "svc", "ep", "cm", "sa", "pv", "pvc", "rs", "ds", "sts", "deploy", "ing", "netpol", "hpa", "pdb", "sc", "pc", "crd", "csr", "cj", "ev", "limits", "quota"];
        var names = Repository.Files("crds/manifests", "*.yaml")
            .SelectMany(file => Repository.Parse(Repository.Read(file))["spec"]!["names"]!["shortNames"]?.AsArray().Select(node => node!.GetValue<string>()) ?? [])
            .ToList();
        Assert.Equal(names.Distinct(), names);
        Assert.Empty(names.Intersect(taken));
    }

    private static JsonNode Schema(string path) => Repository.Parse(Repository.Read(path))["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!;

    private static void Walk(JsonNode node, string path, List<string> faults)
    {
        var type = node["type"]?.GetValue<string>();
        var fields = node["properties"]?.AsObject();
        var values = node["additionalProperties"];
        if (type is null)
            faults.Add($"{path}: no type");
        if (node["x-kubernetes-preserve-unknown-fields"] is not null)
            faults.Add($"{path}: keeps what the schema does not know");
        if (type == "string" && node["maxLength"] is null && node["enum"] is null && node["format"]?.GetValue<string>() != "date-time" && path is not (".apiVersion" or ".kind"))
            faults.Add($"{path}: a string without maxLength");
        if (type == "array" && (node["maxItems"] is null || node["x-kubernetes-list-type"] is null))
            faults.Add($"{path}: a list without maxItems or list type");
        if (values is not null && node["maxProperties"] is null)
            faults.Add($"{path}: a map without maxProperties");
        if (type == "object" && fields is null && values is null && path != ".metadata")
            faults.Add($"{path}: an object without fields");
        foreach (var rule in node["x-kubernetes-validations"]?.AsArray() ?? [])
            if (string.IsNullOrWhiteSpace(rule!["message"]?.GetValue<string>()))
                faults.Add($"{path}: a rule without message: {rule["rule"]}");
        foreach (var (name, field) in fields ?? [])
        {
            if (path != "" || name != "metadata")
                if (field!["description"] is null)
                    faults.Add($"{path}.{name}: no description");
            Walk(field!, $"{path}.{name}", faults);
        }

        if (node["items"] is { } items)
            Walk(items, $"{path}[]", faults);
        if (values is not null)
            Walk(values, $"{path}{{}}", faults);
    }
}
