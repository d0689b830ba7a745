using System.Reflection;
using YamlDotNet.RepresentationModel;

namespace Kilonova.Kubernetes.Tests.Checklist;

/// <summary>The flow schemas that are shipped. No server here serves their kinds: this reads the text.</summary>
public sealed class FlowControlTests
{
    [Fact]
    public void Agents_operators_and_leases_have_shares_of_their_own()
    {
        var root = typeof(FlowControlTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;
        var yaml = new YamlStream();
        using (var reader = new StreamReader(Path.Combine(root, "operator", "flowcontrol", "flowcontrol.yaml")))
            yaml.Load(reader);
        var documents = yaml.Documents.Select(d => d.RootNode).ToList();
        Assert.All(documents, d => Assert.Equal("flowcontrol.apiserver.k8s.io/v1", d["apiVersion"]));
        var levels = documents.Where(d => (string?)d["kind"] == "PriorityLevelConfiguration").Select(d => (string?)d["metadata"]["name"]).ToList();
        Assert.All(documents.Where(d => (string?)d["kind"] == "PriorityLevelConfiguration"), d => Assert.Equal("Queue", d["spec"]["limited"]["limitResponse"]["type"]));

        var schemas = documents.Where(d => (string?)d["kind"] == "FlowSchema")
            .OrderBy(d => int.Parse((string)d["spec"]["matchingPrecedence"]!, System.Globalization.CultureInfo.InvariantCulture))
            .Select(d => (Level: (string?)d["spec"]["priorityLevelConfiguration"]["name"], Groups: string.Join(' ', ((YamlSequenceNode)d["spec"]["rules"][0]["subjects"]).Select(s => (string?)s["group"]["name"]))))
            .ToList();
        Assert.Equal([("kilonova-leases", "kilonova:operators kilonova:hosts"), ("kilonova-operator", "kilonova:operators"), ("kilonova-agents", "kilonova:hosts")], schemas);
        Assert.Equal(levels.Order(), schemas.Select(s => s.Level).Order());
        // The groups are those that the roles are bound to.
        var rbac = File.ReadAllText(Path.Combine(root, "operator", "manifests", "rbac.yaml"));
        Assert.Contains("\"kilonova:operators\"", rbac, StringComparison.Ordinal);
        Assert.Contains("\"kilonova:hosts\"", rbac, StringComparison.Ordinal);
    }
}
